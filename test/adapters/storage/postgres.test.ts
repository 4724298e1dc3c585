import { createSegmentSource, defineTrigger, functionRunner } from "bellwire";
import { track } from "bellwire/testing";
import pg from "pg";
import postgresJs from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PostgresClient, type PostgresStorage, postgresStorage } from "../../../src/adapters/storage/postgres.js";
import type { Storage } from "../../../src/storage/storage.js";
import { storageConformance } from "../../../src/testing/storage-conformance.js";
import {
  eventWithRun,
  newEvent,
  newRun,
  recordParams,
  resultOf,
  scope,
} from "../../../src/testing/storage-fixtures.js";
import { type RunningPostgres, startPostgres } from "../../support/postgres.js";

let server: RunningPostgres;
let pool: pg.Pool;
let sql: ReturnType<typeof postgresJs>;
beforeAll(async () => {
  server = await startPostgres();
  pool = new pg.Pool({ connectionString: server.connectionString, max: 20 });
  // The server may cut idle connections; pg would end the process otherwise.
  pool.on("error", () => undefined);
  sql = postgresJs(server.connectionString, { max: 20, onnotice: () => undefined });
});
afterAll(async () => {
  await pool.end();
  await sql.end();
  await server.stop();
});

let schemas = 0;
const newSchema = () => {
  schemas += 1;
  return `bell"wire ${schemas}`;
};
const migrated = async (client: PostgresClient = pool): Promise<PostgresStorage> => {
  const storage = postgresStorage({ pool: client, schema: newSchema() });
  await storage.migrate();
  return storage;
};
/** Made once and emptied each time: to make it anew would take longer than most of what is checked on it. */
const emptied = (client: () => PostgresClient) => {
  let made: Promise<{ readonly storage: PostgresStorage; readonly empty: string }> | null = null;
  const make = async () => {
    const storage = await migrated(client());
    const { rows } = await pool.query(
      `SELECT format('DELETE FROM %I.%I', table_schema, table_name) AS empty FROM information_schema.tables
       WHERE table_schema = $1 AND table_name NOT LIKE '%migrations'`,
      [`bell"wire ${schemas}`],
    );
    return { storage, empty: rows.map((row) => row.empty).join("; ") };
  };
  return async () => {
    made ??= make();
    const { storage, empty } = await made;
    await pool.query(empty);
    return storage;
  };
};
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe.each([
  ["pg", (): PostgresClient => pool],
  ["postgres.js", (): PostgresClient => sql],
])("postgresStorage conforms: %s", (_, client) => {
  const empty = emptied(client);
  const cases = storageConformance(async () => ({
    storage: await empty(),
    advance: wait,
    dispose: () => undefined,
  }));
  for (const { name, run } of cases) it(name, run);
});

describe("PostgreSQL", () => {
  it("round trips for a payload do not depend on its size", async () => {
    let trips = 0;
    const counting: PostgresClient = {
      query: (text, values) => {
        trips += 1;
        return pool.query(text as string, values);
      },
    };
    const storage = await migrated(counting);
    const tripsOf = async (count: number) => {
      const events = Array.from({ length: count }, (_, index) =>
        newEvent(`${count}-${index}`, { runs: [newRun(`run-${count}-${index}`)] }),
      );
      const users = events.map(({ messageId }) => ({
        id: messageId,
        at: new Date(),
        attributes: { email: "a@example.com" },
      }));
      trips = 0;
      const { environment } = scope;
      await storage.users.update({ environment, changes: users });
      await storage.users.known({ environment, ids: users.map((user) => user.id) });
      const recorded = await storage.events.record(recordParams(events));
      await storage.runs.settle({ results: recorded.map((result) => resultOf(result.claimed[0])) });
      return trips;
    };
    expect([await tripsOf(1), await tripsOf(1_000)]).toEqual([5, 5]);
  });

  it.each(["inline", "background"] as const)(
    "32 payloads at the same time cost as many round trips as one, and 128 four times as many: %s",
    async (dispatch) => {
      let trips = 0;
      const counting: PostgresClient = {
        query: (query, values) => {
          trips += 1;
          return pool.query(query as string, values);
        },
      };
      const storage = await migrated(counting);
      const triggers = [
        defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" }),
      ];
      const source = createSegmentSource({ storage, runner: functionRunner(() => undefined), triggers, dispatch });
      await source.users.identify({ id: "ada" });
      await source.handleSegmentPayload(track("Signed Up", {}, { userId: "ada" }));
      const tripsOf = async (payloads: number) => {
        trips = 0;
        const events = Array.from({ length: payloads }, () => track("Signed Up", {}, { userId: "ada" }));
        await Promise.all(events.map((event) => source.handleSegmentPayload(event)));
        return trips;
      };
      const each = dispatch === "inline" ? 2 : 1;
      expect([await tripsOf(1), await tripsOf(32), await tripsOf(128)]).toEqual([each, each, 4 * each]);
    },
  );

  it("eight processes record the same 500 events in different order: each new to one, no deadlock", async () => {
    const storage = await migrated();
    const ids = Array.from({ length: 500 }, (_, index) => `m${index}`);
    const won = await Promise.all(
      Array.from({ length: 8 }, async (_, process) => {
        const mine: string[] = [];
        for (let start = 0; start < 500; start += 100) {
          const from = (start + process * 60) % 500;
          const batch = [...ids.slice(from), ...ids.slice(0, from)].slice(0, 100);
          if (process % 2 === 1) batch.reverse();
          const results = await storage.events.record(
            recordParams(batch.map(eventWithRun), { owner: `p${process}`, leaseMs: 60_000 }),
          );
          mine.push(...batch.filter((_id, index) => results[index]?.status === "new"));
        }
        return mine;
      }),
    );
    expect(won.flat().sort()).toEqual([...ids].sort());
    const names = await storage.events.names({ environment: scope.environment });
    expect(names.map((name) => name.count)).toEqual([500]);
  });

  it("processes that settle runs of one event at once leave it finished", async () => {
    const storage = await migrated();
    for (let round = 0; round < 20; round += 1) {
      const runs = Array.from({ length: 6 }, (_, index) => newRun(`r-${round}-${index}`));
      const [recorded] = await storage.events.record(
        recordParams([newEvent(`m-${round}`, { runs })], { leaseMs: 60_000 }),
      );
      await Promise.all(
        (recorded?.claimed ?? []).map((claimed) => storage.runs.settle({ results: [resultOf(claimed)] })),
      );
      expect((await storage.events.get({ ...scope, messageId: `m-${round}` }))?.status).toBe("processed");
    }
  });

  it("two processes may migrate at once, and again; by hand too", async () => {
    const schema = newSchema();
    const storages = [pool, pool, sql].map((client) => postgresStorage({ pool: client, schema }));
    await Promise.all(storages.map((storage) => storage.migrate()));
    await storages[0]?.migrate();
    await pool.query(storages[0]?.migrationSql() ?? "");
    expect(await storages[1]?.events.list({ environment: "e", limit: 1 })).toEqual({ items: [], nextCursor: null });
  });

  it("that was not migrated says so", async () => {
    const storage = postgresStorage({ pool, schema: newSchema() });
    await expect(storage.events.get({ ...scope, messageId: "a" })).rejects.toMatchObject({
      code: "STORAGE_MIGRATION_PENDING",
    });
  });

  it("every filter and search of 50,000 events, runs or users, a timeline, every claim, redelivery and purge reads an index", async () => {
    const plans: string[] = [];
    const explaining: PostgresClient = {
      query: async (text, values) => {
        if (
          typeof text === "string" &&
          /^\s*(SELECT t|SELECT \(SELECT count|SELECT \* FROM \(\(SELECT id|SELECT i\.id|WITH due|WITH RECURSIVE|WITH free)/s.test(
            text,
          )
        ) {
          const { rows } = await pool.query(`EXPLAIN ${text}`, values);
          plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
        }
        return pool.query(text as string, values);
      },
    };
    const schema = "explained";
    const storage = postgresStorage({ pool: explaining, schema });
    await storage.migrate();
    await pool.query(`INSERT INTO explained.bellwire_events SELECT 'production', 'web', 'm' || n, 'track', 'name' || n % 500, 'user' || n % 5000, NULL, n, n,
        '{}', '{"triggers":[]}', CASE n % 1000 WHEN 0 THEN 'identify_disabled' ELSE 'no_matching_trigger' END, 'processed',
        CASE n % 100 WHEN 0 THEN 'failed' WHEN 1 THEN 'processed' ELSE 'ignored' END, 0 FROM generate_series(1, 50000) n;
      INSERT INTO explained.bellwire_runs SELECT 'k' || n, 'production', 'web', 'm' || n, 0, 't', 'w', 'trigger', '{}', n,
        CASE n % 500 WHEN 0 THEN 'pending' ELSE 'triggered' END FROM generate_series(1, 50000) n;
      INSERT INTO explained.bellwire_users (environment, id, registers, version, email) SELECT 'production', 'user' || n, '{}', 1, n || '@example.com'
        FROM generate_series(1, 50000) n;
      ANALYZE explained.bellwire_users; ANALYZE explained.bellwire_events; ANALYZE explained.bellwire_runs`);
    const { environment } = scope;
    const filters = [
      {},
      { status: "failed" as const },
      { status: "in_progress" as const },
      { type: "track", name: "name7" },
      { userId: "user7" },
      { receivedFrom: new Date(100), receivedTo: new Date(200) },
      { source: "web" },
      { source: "web", reason: "identify_disabled" as const },
      { source: "web", reason: "no_matching_trigger" as const, status: "ignored" as const },
      {
        source: "web",
        search: { messageIdPrefix: "m123", userId: "user7", names: [{ type: "track", name: "name7" }] },
      },
      { source: "web", search: { messageIdPrefix: "m", userId: "m", names: [] } },
    ];
    for (const filter of filters) {
      const page = await storage.events.list({ environment, limit: 50, ...filter });
      await storage.events.list({ environment, limit: 50, ...filter, cursor: page.nextCursor ?? "25000-m25000/web" });
    }
    await storage.events.timeline({ ...scope, from: new Date(100), to: new Date(5_000), buckets: 24 });
    for (const status of [undefined, "pending", "uncertain", "triggered"] as const)
      await storage.runs.list({ ...scope, status, limit: 50 });
    for (const search of [undefined, "user77", "77@example.com"])
      for (const cursor of [undefined, "user5"]) await storage.users.list?.({ environment, search, limit: 50, cursor });
    await storage.users.history({ environment, id: "user7" });
    await storage.runs.claim({ ...scope, owner: "p", leaseMs: 1_000, limit: 50 });
    await storage.events.record(recordParams([newEvent("m7")]));
    await storage.events.purge({ payloadsOlderThanMs: 0, eventsOlderThanMs: Date.now() - 100, limit: 50 });
    expect(plans).toHaveLength(filters.length * 2 + 15);
    expect(plans.filter((plan) => /Seq Scan on bellwire_/.test(plan))).toEqual([]);
  });

  it("a membership that is erased while many runs are written for it: each is found by the search for mentions, or not written", async () => {
    const client = () => new pg.Client({ connectionString: server.connectionString });
    const [mine, theirs] = [client(), client()];
    for (const each of [mine, theirs]) {
      each.on("error", () => undefined);
      await each.connect();
    }
    const schema = newSchema();
    const storages = [mine, theirs].map((each) => postgresStorage({ pool: each, schema }));
    const [expanding, erasing] = [storages[0] ?? expect.fail(), storages[1] ?? expect.fail()];
    await expanding.migrate();
    const { environment } = scope;
    const groupIds = ["acme", "labs", "core"];
    const ends: string[] = [];
    for (let round = 0; round < 40; round += 1) {
      const [user, friends] = [`gone-${round}`, Array.from({ length: 20 }, (_, index) => `friend-${index}`)];
      const words = (at: number, isMember = true) =>
        [user, ...friends].flatMap((userId) =>
          groupIds.map((groupId) => ({ groupId, userId, isMember, at: new Date(at + round) })),
        );
      await erasing.groups.update({ environment, changes: [], memberships: words(1) });
      const event = newEvent(`m-${round}`, { runs: [newRun(`all-${round}`, { action: "expand" })] });
      const [recorded] = await expanding.events.record(recordParams([event], { leaseMs: 60_000 }));
      const parent = recorded?.claimed[0] ?? expect.fail();
      const expandAll = async () => {
        for (let part = 0; part < 12; part += 1) {
          const key = `${round}-${part}`;
          const { status } = await expanding.runs.expand({
            idempotencyKey: parent.run.idempotencyKey,
            fence: parent.fence,
            request: parent.run.request,
            progress: key,
            runs: [newRun(key, { request: JSON.stringify({ recipients: [user, "friend-0"] }) })],
            members: { groupIds, userIds: [user, ...friends] },
            owner: "p",
            leaseMs: 60_000,
          });
          ends.push(status);
          if (status !== "expanded") return;
        }
      };
      const erase = async () => {
        await wait(Math.random() * 15);
        await erasing.events.erase({ environment, userId: user, at: new Date() });
        await erasing.groups.eraseMember({ environment, userId: user });
        await erasing.events.eraseMentions({ environment, userIds: [user], at: new Date(), limit: 1_000 });
      };
      // Other words about the same memberships, in another order of theirs.
      const update = () => pooled.groups.update({ environment, changes: [], memberships: words(2).reverse() });
      const pooled = postgresStorage({ pool, schema });
      await Promise.all([expandAll(), erase(), update()]);
      const { items } = await expanding.runs.list({ environment, limit: 500 });
      expect(items.filter(({ request }) => request.includes(`"${user}"`))).toEqual([]);
    }
    expect(new Set(ends)).toEqual(new Set(["expanded", "members_left"]));
    await Promise.all([mine.end(), theirs.end()]);
  });

  it("an erasure waits for runs that are being written for the member, and runs wait for an erasure", async () => {
    const storage = await migrated();
    const { environment } = scope;
    const event = newEvent("a", { runs: [newRun("all", { action: "expand" })] });
    const at = new Date();
    const memberships = ["ada", "bob"].map((userId) => ({ groupId: "acme", userId, isMember: true, at }));
    await storage.groups.update({ environment, changes: [], memberships });
    const [recorded] = await storage.events.record(recordParams([event], { leaseMs: 60_000 }));
    const parent = recorded?.claimed[0] ?? expect.fail();
    const expand = (on: Storage, key: string, ...userIds: readonly string[]) =>
      on.runs.expand({
        idempotencyKey: "all",
        fence: parent.fence,
        request: parent.run.request,
        progress: key,
        runs: [newRun(key)],
        members: { groupIds: ["acme"], userIds },
        owner: "p",
        leaseMs: 60_000,
      });
    const client = await pool.connect();
    const open = storage.withClient(client);
    const ended: string[] = [];
    const first = async (work: Promise<unknown>, name: string) => {
      await work;
      ended.push(name);
    };
    await client.query("BEGIN");
    await expand(open, "m1", "ada", "bob");
    const erasure = first(storage.groups.eraseMember({ environment, userId: "ada" }), "erased");
    await wait(50);
    ended.push("committed");
    await client.query("COMMIT");
    await erasure;
    await client.query("BEGIN");
    await open.groups.eraseMember({ environment, userId: "bob" });
    const late = expand(storage, "m2", "bob");
    const expansion = first(late, "expanded");
    await wait(50);
    ended.push("committed");
    await client.query("COMMIT");
    await expansion;
    client.release();
    expect(ended).toEqual(["committed", "erased", "committed", "expanded"]);
    expect(await late).toEqual({ status: "members_left" });
  });

  it("joins a transaction of the host's", async () => {
    const storage = await migrated();
    const client = await pool.connect();
    await client.query("BEGIN");
    await storage.withClient(client).events.record(recordParams([newEvent("a")]));
    await client.query("ROLLBACK");
    client.release();
    expect(await storage.events.get({ ...scope, messageId: "a" })).toBeNull();
  });

  it("settling reads the runs that it settles, however many others are pending", async () => {
    const storage = await migrated();
    const events = (name: string, count: number) =>
      Array.from({ length: count }, (_, index) => eventWithRun(`${name}${index}`));
    await storage.events.record(recordParams(events("waiting", 2_000), { leaseMs: null }));
    const recorded = await storage.events.record(recordParams(events("due", 50)));
    const client = await pool.connect();
    await client.query("BEGIN");
    const results = recorded.map(({ claimed }) => resultOf(claimed[0]));
    expect(await storage.withClient(client).runs.settle({ results })).toEqual(results.map(() => true));
    const { rows } = await client.query(
      "SELECT sum(seq_tup_read) + sum(idx_tup_fetch) AS read FROM pg_stat_xact_user_tables WHERE relname = 'bellwire_runs'",
    );
    await client.query("ROLLBACK");
    client.release();
    expect(Number(rows[0].read)).toBeLessThan(200);
  });

  it("connections that are cut surface as errors, and the next call works", async () => {
    const storage = await migrated();
    let failures = 0;
    const recording = Array.from({ length: 200 }, async (_, index) => {
      for (;;) {
        try {
          await storage.events.record(recordParams([newEvent(`m${index}`)]));
          return;
        } catch {
          failures += 1;
          await wait(5);
        }
      }
    });
    const admin = new pg.Client({ connectionString: server.connectionString });
    await admin.connect();
    for (let cut = 0; cut < 5; cut += 1) {
      await admin.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
      );
      await wait(10);
    }
    await Promise.all(recording);
    await admin.end();
    const kept = await storage.events.list({ environment: scope.environment, limit: 500 });
    expect(kept.items).toHaveLength(200);
    expect(failures).toBeGreaterThan(0);
  });
});
