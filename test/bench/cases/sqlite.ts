import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStorage } from "bellwire/sqlite";
import Database from "libsql";
import { byHandOnSqlite } from "../by-hand-durable.js";
import { elapsedUs, type FreshEvent, freshEvents, inParallel, startDurable, toBatch } from "../durable-contestants.js";
import type { Bench, BenchCase } from "../measure.js";

/** A file with synchronous FULL: a batch of 1,000 in one transaction, or 64 webhooks with one event each at the same time. */
export async function sqlite(kind: "batch" | "singles"): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "bellwire-bench-"));
  const database = new Database(join(folder, "bellwire.db"));
  const storage = sqliteStorage({ database });
  await storage.migrate();
  const handle = await startDurable(storage);
  const bare = openBare(join(folder, "bare.db"));
  const handDatabase = new Database(join(folder, "hand.db"));
  const byHand = byHandOnSqlite(handDatabase);
  const counted = kind === "batch" ? 1_000 : 256;
  const timed = (
    name: string,
    role: BenchCase["role"],
    work: (events: readonly FreshEvent[]) => Promise<unknown>,
  ): BenchCase => ({
    name,
    role,
    prepare: async () => {
      const events = freshEvents(counted);
      return () => elapsedUs(() => work(events));
    },
  });
  const close = () => {
    database.close();
    bare.close();
    handDatabase.close();
    rmSync(folder, { recursive: true, force: true });
  };
  if (kind === "batch") {
    return {
      title: "SQLite file, synchronous FULL: a batch of 1,000 × 3 recipients, complete",
      operations: counted,
      cases: [
        timed("a bare transaction", "floor", async (events) => bare.insert(events)),
        timed("bellwire", "us", (events) => handle(toBatch(events), counted)),
        timed("the least by hand", "peer", (events) => byHand(toBatch(events), counted)),
      ],
      goals: { floors: 1 / 0.4 },
      close,
    };
  }
  return {
    title: "SQLite file, synchronous FULL: 64 webhooks with one event each at the same time, complete",
    operations: counted,
    cases: [
      timed("a bare transaction each", "floor", (events) => inParallel(64, events, async (one) => bare.insert([one]))),
      timed("bellwire", "us", (events) => inParallel(64, events, ({ text }) => handle(text, 1))),
      timed("the least by hand", "peer", (events) => inParallel(64, events, ({ text }) => byHand(text, 1))),
    ],
    goals: { floors: 1 / 2 },
    close,
  };
}

/** The same events in a table with nothing but its key. */
function openBare(path: string) {
  const database = new Database(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE events (environment TEXT NOT NULL, source TEXT NOT NULL, message_id TEXT NOT NULL, type TEXT, name TEXT, user_id TEXT,
      anonymous_id TEXT, occurred_at INTEGER NOT NULL, received_at INTEGER NOT NULL, payload TEXT,
      UNIQUE (environment, source, message_id))`);
  const statement = database.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  return {
    insert(events: readonly FreshEvent[]) {
      database.exec("BEGIN IMMEDIATE");
      const now = Date.now();
      for (const { messageId, event, text } of events) {
        const { type, event: name, userId, anonymousId } = event;
        statement.run("production", "web", messageId, type, name, userId, anonymousId, now, now, text);
      }
      database.exec("COMMIT");
    },
    close: () => database.close(),
  };
}
