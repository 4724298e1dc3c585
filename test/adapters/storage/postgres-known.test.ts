import { createSegmentSource, defineTrigger } from "bellwire";
import { recordingRunner, track } from "bellwire/testing";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PostgresStorage, postgresStorage } from "../../../src/adapters/storage/postgres.js";
import { newEvent, recordParams, scope } from "../../../src/testing/storage-fixtures.js";
import { type RunningPostgres, startPostgres } from "../../support/postgres.js";

let server: RunningPostgres;
let pool: pg.Pool;
beforeAll(async () => {
  server = await startPostgres(["fsync=off", "autovacuum=off"]);
  pool = new pg.Pool({ connectionString: server.connectionString });
  pool.on("error", () => undefined);
});
afterAll(async () => {
  await pool.end();
  await server.stop();
});

const migrated = async (schema: string): Promise<PostgresStorage> => {
  const storage = postgresStorage({ pool, schema });
  await storage.migrate();
  return storage;
};

it("a statement that was prepared while there were few users reads none of them whole once there are 50,000", async () => {
  const schema = "grown";
  const storage = await migrated(schema);
  const { environment } = scope;
  const identify = (id: string) =>
    storage.users.update({ environment, changes: [{ id, at: new Date(), attributes: {} }] });
  await identify("ada");
  await storage.users.merge?.({ environment, from: "phone", into: "ada" });
  await pool.query("ANALYZE grown.bellwire_users; ANALYZE grown.bellwire_merged_users");
  const client = await pool.connect();
  const mine = storage.withClient(client);
  const record = async (messageId: string, ...assumesKnown: readonly string[]) =>
    (await mine.events.record(recordParams([newEvent(messageId, { assumesKnown })])))[0]?.status;
  // Often enough for the plan that is made once for all values.
  for (let turn = 0; turn < 10; turn += 1) expect(await record(`few-${turn}`, "ada")).toBe("new");
  await pool.query(`INSERT INTO grown.bellwire_users (environment, id, registers, version) SELECT 'production', 'user' || n, '{}', 1
      FROM generate_series(1, 50000) n;
    INSERT INTO grown.bellwire_merged_users SELECT 'production', 'device' || n, 'user' || n FROM generate_series(1, 50000) n`);
  const scans = async () => {
    const { rows } = await client.query(
      "SELECT sum(seq_scan)::int AS whole, sum(idx_scan)::int AS along FROM pg_stat_xact_user_tables WHERE schemaname = $1 AND relname IN ('bellwire_users', 'bellwire_merged_users')",
      [schema],
    );
    return rows[0];
  };
  await client.query("BEGIN");
  const before = await scans();
  expect(await record("many", "ada", "user7", "user49999")).toBe("new");
  expect(await record("merged", "ada", "device7")).toBe("refused");
  const after = await scans();
  await client.query("COMMIT");
  client.release();
  expect(after.whole).toBe(before.whole);
  expect(after.along).toBe(before.along + 10);
});

it("of payloads that are handled at the same time only those are recorded twice whose recipients are not known", async () => {
  const storage = await migrated("shared");
  const recorded: string[] = [];
  const record: PostgresStorage["events"]["record"] = async (params) => {
    recorded.push(...params.events.map(({ messageId }) => messageId));
    return storage.events.record(params);
  };
  const runner = recordingRunner();
  const source = createSegmentSource({
    storage: { ...storage, events: { ...storage.events, record } },
    runner,
    triggers: [defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
  });
  for (const id of ["ada", "phone"]) await source.users.identify({ id });
  await source.users.merge({ from: "phone", into: "ada" });
  const people = ["ada", "bob", "ada", "phone", "ada"];
  const sent = await Promise.all(
    people.map((userId, index) =>
      source.handleSegmentPayload(track("Signed Up", {}, { userId, messageId: `m${index}` })),
    ),
  );
  expect(sent.map(({ events }) => events[0]?.triggers[0]?.status)).toEqual(
    people.map((id) => (id === "bob" ? "skipped" : "triggered")),
  );
  expect(runner.runs.map(({ request }) => request.recipients)).toEqual([["ada"], ["ada"], ["ada"], ["ada"]]);
  expect(recorded.toSorted()).toEqual(["m0", "m1", "m1", "m2", "m3", "m3", "m4"]);
});
