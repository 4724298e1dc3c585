import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, describe, expect, it } from "vitest";
import { type SqliteDatabase, sqliteStorage } from "../../../src/adapters/storage/sqlite.js";
import { manualClock } from "../../../src/testing/manual-clock.js";
import { storageConformance } from "../../../src/testing/storage-conformance.js";
import { eventWithRun, newEvent, recordParams, resultOf, scope } from "../../../src/testing/storage-fixtures.js";

const folder = mkdtempSync(join(tmpdir(), "bellwire-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = () => {
  files += 1;
  return join(folder, `${files}.db`);
};

interface Handle {
  readonly database: SqliteDatabase;
  readonly close: () => void;
}

const libsql = (path: string): Handle => {
  const database = new Database(path);
  return { database, close: () => void database.close() };
};

/** Named at run time, because the types of Node 20 do not know it. */
const builtInModule: string = "node:sqlite";
const builtIn = await import(/* @vite-ignore */ builtInModule).then(
  ({ DatabaseSync }: { DatabaseSync: new (path: string) => SqliteDatabase & { close(): void } }) =>
    (path: string): Handle => {
      const database = new DatabaseSync(path);
      return { database, close: () => database.close() };
    },
  () => null,
);

const drivers: readonly (readonly [name: string, open: ((path: string) => Handle) | null])[] = [
  ["libsql", libsql],
  ["node:sqlite", builtIn],
];

for (const [driver, open] of drivers) {
  for (const [place, path] of [
    ["in memory", () => ":memory:"],
    ["in a file", newFile],
  ] as const) {
    describe.skipIf(open === null)(
      `sqliteStorage conforms: ${driver}, ${place}${open === null ? " (this Node has none)" : ""}`,
      () => {
        const cases = storageConformance(async () => {
          const { database, close } = (open ?? libsql)(path());
          const clock = manualClock(new Date());
          const storage = sqliteStorage({ database, clock });
          await storage.migrate();
          return { storage, advance: (ms) => clock.advance(ms), dispose: close };
        });
        for (const { name, run } of cases) it(name, run);
      },
    );
  }
}

describe("a SQLite file", () => {
  it("keeps everything over a restart", async () => {
    const path = newFile();
    const first = libsql(path);
    const before = sqliteStorage({ database: first.database });
    await before.migrate();
    const [recorded] = await before.events.record(recordParams([eventWithRun("a")], { leaseMs: 60_000 }));
    await before.runs.settle({ results: [resultOf(recorded?.claimed[0])] });
    await before.users.update({
      environment: "e",
      changes: [{ id: "ada", at: new Date(), attributes: { email: "a@example.com" } }],
    });
    first.close();
    const second = libsql(path);
    const after = sqliteStorage({ database: second.database });
    await after.migrate();
    expect(await after.events.get({ ...scope, messageId: "a" })).toMatchObject({
      status: "processed",
      runs: [{ status: "triggered" }],
    });
    expect(await after.users.find({ environment: "e", ids: ["ada"] })).toMatchObject([{ email: "a@example.com" }]);
    second.close();
  });

  it("is shared by two handles: each event is new to one of them", async () => {
    const path = newFile();
    const handles = [libsql(path), libsql(path)];
    const storages = handles.map(({ database }) => sqliteStorage({ database }));
    await Promise.all(storages.map((storage) => storage.migrate()));
    const ids = Array.from({ length: 500 }, (_, index) => `m${index}`);
    const won: string[] = [];
    for (let start = 0; start < 500; start += 50) {
      const batches = [ids.slice(start, start + 50), ids.slice(start, start + 50).reverse()];
      for (const [process, storage] of storages.entries()) {
        const batch = batches[process] ?? [];
        const results = await storage.events.record(recordParams(batch.map((id) => newEvent(id))));
        won.push(...batch.filter((_id, index) => results[index]?.status === "new"));
      }
    }
    expect(won.sort()).toEqual([...ids].sort());
    for (const { close } of handles) close();
  });

  it("that was not migrated says so", async () => {
    const { database, close } = libsql(newFile());
    await expect(sqliteStorage({ database }).events.get({ ...scope, messageId: "a" })).rejects.toMatchObject({
      code: "STORAGE_MIGRATION_PENDING",
      message: expect.stringContaining("storage.migrate()"),
    });
    close();
  });

  it("can be migrated by hand, and by code afterwards", async () => {
    const { database, close } = libsql(newFile());
    const storage = sqliteStorage({ database });
    database.exec(storage.migrationSql());
    await storage.migrate();
    expect(await storage.events.list({ environment: "e", limit: 1 })).toEqual({ items: [], nextCursor: null });
    close();
  });

  it("every filter and search of a list, and a timeline, read an index and sort no more than a page of each", async () => {
    const { database, close } = libsql(newFile());
    await sqliteStorage({ database }).migrate();
    const plans: string[] = [];
    const explaining: SqliteDatabase = {
      exec: (sql) => database.exec(sql),
      prepare: (sql) => ({
        run: (...parameters) => database.prepare(sql).run(...parameters),
        all: (...parameters) => {
          const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as { detail: string }[];
          plans.push(steps.map(({ detail }) => detail).join("\n"));
          return database.prepare(sql).all(...parameters);
        },
      }),
    };
    const storage = sqliteStorage({ database: explaining });
    const search = { messageIdPrefix: "m", userId: "u", names: [{ type: "track", name: "n" }] };
    const filters = [
      {},
      { status: "failed" },
      { type: "track", name: "n" },
      { userId: "u" },
      { receivedFrom: new Date(1), receivedTo: new Date(2) },
      { reason: "identify_disabled" },
      { reason: "no_matching_trigger", status: "ignored" },
      { search },
      { search, status: "failed", receivedFrom: new Date(1) },
    ] as const;
    for (const filter of filters) {
      for (const cursor of [undefined, "5-5"]) await storage.events.list({ ...scope, limit: 50, ...filter, cursor });
    }
    await storage.events.timeline({ ...scope, from: new Date(0), to: new Date(1_000), buckets: 1 });
    for (const status of [undefined, "pending", "uncertain"] as const) {
      for (const cursor of [undefined, "5-k"]) await storage.runs.list({ ...scope, status, limit: 50, cursor });
    }
    for (const search of [undefined, "a"]) {
      for (const cursor of [undefined, "b"]) await storage.users.list?.({ ...scope, search, limit: 50, cursor });
    }
    expect(plans).toHaveLength(filters.length * 2 + 2 + 6 + 4);
    const scans = plans.filter((plan) => /SCAN bellwire_|AUTOMATIC/.test(plan));
    expect(scans).toEqual([]);
    // What is no union of pages comes in the order of its index.
    const sorted = plans.filter(
      (plan) => !/UNION|subquery|bellwire_runs_due/.test(plan) && plan.includes("TEMP B-TREE"),
    );
    expect(sorted).toEqual([]);
    // What has an index of its own does not walk through everything that was received.
    const searched = plans.filter((plan) => /UNION|bellwire_runs_(due|attention)/.test(plan));
    expect(searched.length).toBeGreaterThan(6);
    expect(searched.filter((plan) => /_received \(environment=\?\)$/m.test(plan))).toEqual([]);
    // However many are due, as many are read as are claimed.
    await storage.runs.claim({ ...scope, owner: "p", leaseMs: 1_000, limit: 50 });
    expect(plans.at(-1)).toContain("bellwire_runs_due");
    expect(plans.at(-1)).not.toContain("TEMP B-TREE");
    close();
  });

  it("takes a failing batch back as a whole", async () => {
    const { database, close } = libsql(newFile());
    const storage = sqliteStorage({ database });
    await storage.migrate();
    const twice = [
      eventWithRun("a"),
      { ...eventWithRun("b"), runs: [...eventWithRun("b").runs, ...eventWithRun("b").runs] },
    ];
    await expect(storage.events.record(recordParams(twice))).rejects.toThrow(/UNIQUE/);
    expect(await storage.events.get({ ...scope, messageId: "a" })).toBeNull();
    close();
  });
});
