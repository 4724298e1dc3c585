import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSegmentSource, defineTrigger } from "bellwire";
import { sqliteStorage } from "bellwire/sqlite";
import { identify, recordingRunner, track } from "bellwire/testing";
import Database from "libsql";
import { afterAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "bellwire-sqlite-faults-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const signUp = (id: string, note = "") => [
  identify(id, { plan: "pro" }, { messageId: `i-${id}` }),
  track("Signed Up", { note }, { userId: id, messageId: `m-${id}` }),
];
const sourceOn = (database: Database.Database) => {
  const runner = recordingRunner();
  const storage = sqliteStorage({ database, busyTimeoutMs: 20 });
  return { source: createSegmentSource({ storage, runner, triggers: [welcome] }), runner, storage };
};
const statuses = ({ events }: { readonly events: readonly { readonly status: string }[] }) =>
  events.map(({ status }) => status);
const refused = { code: "STORAGE_FAILED", retryable: true };

describe("SQLite that cannot write for now", () => {
  it("another process holds the file (SQLITE_BUSY): refused as something to send again", async () => {
    const path = join(folder, "busy.db");
    const { source, runner, storage } = sourceOn(new Database(path));
    await storage.migrate();
    const other = new Database(path);
    other.exec("BEGIN IMMEDIATE");
    await expect(source.handleSegmentPayload(signUp("ada"))).rejects.toMatchObject(refused);
    expect(runner.runs).toEqual([]);
    other.exec("ROLLBACK");
    expect(statuses(await source.handleSegmentPayload(signUp("ada")))).toEqual(["processed", "processed"]);
    expect(runner.runs).toHaveLength(1);
  });

  it("the file comes to be held between the record and the settle: the run stays pending and is finished later", async () => {
    const path = join(folder, "settle.db");
    const database = new Database(path);
    const storage = sqliteStorage({ database, busyTimeoutMs: 20 });
    await storage.migrate();
    const other = new Database(path);
    const calls: string[] = [];
    const source = createSegmentSource({
      storage,
      lease: "300ms",
      runTimeout: "100ms",
      triggers: [welcome],
      runner: {
        capabilities: { maxRecipients: null, idempotencyWindowMs: null },
        async trigger(_, { idempotencyKey }) {
          if (calls.length === 0) other.exec("BEGIN IMMEDIATE");
          calls.push(idempotencyKey);
          return { workflowRunId: "w" };
        },
      },
    });
    await expect(source.handleSegmentPayload(signUp("ada"))).rejects.toMatchObject(refused);
    other.exec("ROLLBACK");
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect(await source.recover()).toMatchObject({ claimed: 1, succeeded: 1 });
    expect(new Set(calls).size).toBe(1);
    expect((await source.events.get("m-ada"))?.outcome.status).toBe("processed");
  });

  it("a disk that is full (SQLITE_FULL): refused whole, and taken once there is room", async () => {
    const database = new Database(join(folder, "full.db"));
    const { source, runner, storage } = sourceOn(database);
    await storage.migrate();
    const pages = database.prepare("PRAGMA page_count").get() as { page_count: number };
    database.exec(`PRAGMA max_page_count = ${pages.page_count + 4}`);
    const large = signUp("ada", "x".repeat(100_000));
    await expect(source.handleSegmentPayload(large)).rejects.toMatchObject(refused);
    expect(await source.events.get("m-ada")).toBeNull();
    expect(runner.runs).toEqual([]);
    database.exec("PRAGMA max_page_count = 1073741823");
    expect(statuses(await source.handleSegmentPayload(large))).toEqual(["processed", "processed"]);
  });

  it("a handle that may only read: refused, and what is there can be read", async () => {
    const path = join(folder, "readonly.db");
    const writer = sourceOn(new Database(path));
    await writer.storage.migrate();
    await writer.source.handleSegmentPayload(signUp("ada"));
    const reader = new Database(path);
    const { source, runner } = sourceOn(reader);
    reader.exec("PRAGMA query_only = ON");
    await expect(source.handleSegmentPayload(signUp("grace"))).rejects.toMatchObject(refused);
    expect(runner.runs).toEqual([]);
    expect((await source.events.get("m-ada"))?.outcome.status).toBe("processed");
  });
});
