import { parseArgs } from "node:util";
import { type PostgresStorage, postgresStorage } from "bellwire/postgres";
import pg from "pg";
import { startPostgres } from "../support/postgres.js";

/**
 * What listing, searching, claiming and retention cost while a table grows: by the plan that PostgreSQL makes and by the time it
 * takes. `EVENTS=10000000` needs some 20 GB and half an hour.
 */
const { values } = parseArgs({ options: { events: { type: "string", default: process.env["EVENTS"] ?? "1000000" } } });
const sizes = [10_000, 100_000, 1_000_000, 10_000_000].filter((size) => size <= Number(values.events));
const schema = "growth";
const environment = "production";
const dayMs = 24 * 60 * 60_000;

interface Measured {
  readonly name: string;
  readonly size: number;
  readonly ms: number;
  readonly readsWhole: boolean;
  readonly plan: string;
}

const server = await startPostgres([
  "shared_buffers=1GB",
  "max_wal_size=8GB",
  "maintenance_work_mem=1GB",
  "synchronous_commit=off",
]);
const pool = new pg.Pool({ connectionString: server.connectionString, max: 4 });
pool.on("error", () => undefined);
const plans: string[] = [];
/** Lets the adapter's own statements be explained: what runs here is what runs in production. */
const explaining = {
  query: async (query: string | { readonly text: string }, parameters: unknown[]) => {
    const text = typeof query === "string" ? query : query.text;
    const client = await pool.connect();
    try {
      await client.query("BEGIN");
      const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS OFF, COSTS OFF) ${text}`, parameters);
      plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
      await client.query("ROLLBACK");
    } finally {
      client.release();
    }
    return pool.query(text, parameters);
  },
};
const storage = postgresStorage({ pool, schema });
const explained = postgresStorage({ pool: explaining, schema });

await storage.migrate();
const results: Measured[] = [];
let filled = 0;
for (const size of sizes) {
  await fill(filled, size);
  filled = size;
  for (const [name, work] of Object.entries(operations(size))) results.push(await measure(name, size, work));
}
print(results);
await pool.end();
await server.stop();

/**
 * Older events first, a hundred days of them up to now: retention finds what is its own. One in a hundred failed, one in ten was
 * ignored, a few runs are pending.
 */
async function fill(from: number, to: number): Promise<void> {
  console.error(`${to.toLocaleString("en")} events …`);
  const step = 500_000;
  const eachMs = Math.floor((100 * dayMs) / (to - from));
  const receivedAt = `(${Date.now() - 100 * dayMs} + (n - ${from}) * ${eachMs})::bigint`;
  for (let start = from; start < to; start += step) {
    const end = Math.min(start + step, to) - 1;
    await pool.query(`
      INSERT INTO growth.bellwire_events (environment, source, message_id, type, name, user_id, occurred_at, received_at, payload,
        decision, reason, base_status, status, pending_runs)
      SELECT '${environment}', 'web', md5(n::text)::uuid::text, 'track', 'Event ' || n % 300, 'user-' || n % 100000, at, at,
        '{"type":"track","properties":{"text":"' || repeat(md5(n::text), 10) || '"}}', '{"triggers":[]}', NULL, base,
        CASE base WHEN 'processed' THEN 'in_progress' ELSE base END, CASE base WHEN 'processed' THEN 1 ELSE 0 END
      FROM (SELECT n, ${receivedAt} AS at, CASE WHEN n % 100 = 0 THEN 'failed' WHEN n % 10 = 1 THEN 'ignored' ELSE 'processed' END AS base
        FROM generate_series(${start}::bigint, ${end}::bigint) n) x;
      INSERT INTO growth.bellwire_runs (idempotency_key, environment, source, message_id, position, trigger_key, workflow, action, request,
        received_at, status, attempts, fence, next_attempt_at)
      SELECT 'bw_' || md5('run' || n), '${environment}', 'web', md5(n::text)::uuid::text, 0, 'welcome', 'welcome', 'trigger',
        '{"action":"trigger","recipients":["user-1"]}', ${receivedAt}, CASE WHEN n % 5000 = 7 THEN 'pending' ELSE 'triggered' END, 1, 1, 0
      FROM generate_series(${start}::bigint, ${end}::bigint) n WHERE n % 100 <> 0 AND n % 10 <> 1`);
  }
  await pool.query("VACUUM ANALYZE growth.bellwire_events");
  await pool.query("VACUUM ANALYZE growth.bellwire_runs");
}

function operations(size: number): Readonly<Record<string, (storage: PostgresStorage) => Promise<unknown>>> {
  const list = (filter: object) => (on: PostgresStorage) => on.events.list({ environment, limit: 50, ...filter });
  const middle = new Date(Date.now() - 50 * dayMs);
  const retention = { payloadsOlderThanMs: 98 * dayMs, eventsOlderThanMs: 99.9 * dayMs, limit: 1_000 };
  const id = `00000000-0000-0000-0000-${String(size).padStart(12, "0")}`;
  return {
    "list, newest": list({}),
    "list, of a time in the middle": list({ receivedTo: middle }),
    "list, failed": list({ status: "failed" }),
    "list, in progress": list({ status: "in_progress" }),
    "list, of a name": list({ type: "track", name: "Event 7" }),
    "list, of a user": list({ userId: "user-7" }),
    "list of runs, newest": (on) => on.runs.list({ environment, limit: 50 }),
    "list of runs, pending": (on) => on.runs.list({ environment, status: "pending", limit: 50 }),
    "get by messageId": (on) =>
      on.events.get({ environment, source: "web", messageId: "c4ca4238-a0b9-2382-0dcc-509a6f75849b" }),
    "claim 100 due runs": (on) => on.runs.claim({ environment, source: "web", owner: "o", leaseMs: 1, limit: 100 }),
    "purge of 1,000": (on) => on.events.purge(retention),
    "purge, nothing due": (on) =>
      on.events.purge({ payloadsOlderThanMs: 1_000 * dayMs, eventsOlderThanMs: 1_000 * dayMs, limit: 1_000 }),
    "record 1 event": (on) => on.events.record(recordOf(id)),
    "redelivery of 1 event": (on) => on.events.record(recordOf(id)),
  };
}

function recordOf(messageId: string): Parameters<PostgresStorage["events"]["record"]>[0] {
  const now = new Date();
  const decision = { triggers: [] };
  const event = {
    type: "track",
    name: "New",
    userId: null,
    anonymousId: null,
    occurredAt: now,
    receivedAt: now,
    payload: {},
  };
  const outcome = { status: "processed" as const, reason: null, decision, runs: [] };
  return { environment, source: "web", owner: "o", leaseMs: 60_000, events: [{ messageId, ...event, ...outcome }] };
}

async function measure(
  name: string,
  size: number,
  work: (storage: PostgresStorage) => Promise<unknown>,
): Promise<Measured> {
  plans.length = 0;
  await work(explained);
  const plan = plans.join("\n\n");
  const times: number[] = [];
  for (let turn = 0; turn < 9; turn += 1) {
    const startedAt = performance.now();
    await work(storage);
    times.push(performance.now() - startedAt);
  }
  const ms = times.sort((left, right) => left - right)[4]!;
  return { name, size, ms, readsWhole: /Seq Scan on bellwire_(events|runs)/.test(plan), plan };
}

function print(measured: readonly Measured[]): void {
  const names = [...new Set(measured.map(({ name }) => name))];
  const row = (cells: readonly string[]) =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(32) : cell.padStart(12))).join("");
  console.log(row(["ms, median of 9", ...sizes.map((size) => size.toLocaleString("en")), "reads whole"]));
  for (const name of names) {
    const mine = measured.filter((each) => each.name === name);
    const whole = mine.at(-1)?.readsWhole === true ? "YES" : "no";
    console.log(row([name, ...mine.map(({ ms }) => ms.toFixed(2)), whole]));
  }
  const largest = measured.filter(({ size }) => size === sizes.at(-1));
  console.log(`\nPlans at ${sizes.at(-1)?.toLocaleString("en")} events`);
  for (const { name, plan } of largest) console.log(`\n-- ${name}\n${plan}`);
}
