import type Libsql from "libsql";
import type pg from "pg";
import { createPlanner, type PlannedByHand } from "./by-hand.js";
import type { Handle } from "./durable-contestants.js";
import { users } from "./sources.js";

interface RecordedByHand {
  readonly planned: PlannedByHand;
  readonly text: string;
}

/** A database that looks up, records and settles for many payloads at a time. */
interface DatabaseByHand {
  /** @throws when an event or a recipient is not what the bench sends: a new one, a known one */
  record(events: readonly RecordedByHand[]): Promise<void>;
  settle(keys: readonly string[]): Promise<void>;
}

const send = async (_key: string) => undefined;

/** The least that keeps its events and runs in a database, written by hand, with group commit. */
function handleByHand(database: DatabaseByHand, dispatch: "inline" | "background"): Handle {
  const plan = createPlanner(1);
  const record = inGroups(database.record);
  const settle = inGroups(database.settle);
  return async (payload, expected) => {
    const parsed: unknown = JSON.parse(payload);
    const items: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
    const events = items.map((item) => ({
      planned: plan(item),
      text: items.length === 1 ? payload : JSON.stringify(item),
    }));
    if (events.length !== expected) throw new Error(`${events.length} of ${expected} came`);
    await record(events);
    if (dispatch === "background") return;
    const keys = events.flatMap(({ planned }) => planned.runs.map(({ key }) => key));
    await Promise.all(keys.map(send));
    await settle(keys);
  };
}

/** What comes while others are under way, or in one turn of the event loop, is worked off together. */
function inGroups<Item>(work: (items: readonly Item[]) => Promise<void>): (items: readonly Item[]) => Promise<void> {
  let next: { readonly items: Item[]; readonly done: Promise<void> } | null = null;
  let underway = Promise.resolve();
  return (items) => {
    if (next !== null) {
      next.items.push(...items);
      return next.done;
    }
    const mine: Item[] = [...items];
    const start = async () => {
      next = null;
      await work(mine);
    };
    const done = underway.then(() => new Promise<void>((resolve) => setImmediate(resolve))).then(start);
    next = { items: mine, done };
    underway = done.catch(() => undefined);
    return done;
  };
}

interface ByHandOptions {
  readonly dispatch?: "inline" | "background";
  /** With what lists and explains events: the decision, and the indexes that ours has. */
  readonly isListed?: boolean;
}

/** As long as the decision of an event with one run. */
const decision = JSON.stringify({ triggers: "x".repeat(880) });

const listSql = `ALTER TABLE hand_events ADD COLUMN decision text DEFAULT '${decision}', ADD COLUMN status text NOT NULL DEFAULT 'in_progress',
    ADD COLUMN base_status text NOT NULL DEFAULT 'processed', ADD COLUMN reason text, SET (toast_tuple_target = 8160);
  CREATE INDEX ON hand_events (environment, status, received_at);
  CREATE INDEX ON hand_events (environment, type, name, received_at);
  CREATE INDEX ON hand_events (environment, user_id, received_at) WHERE user_id IS NOT NULL;
  CREATE INDEX ON hand_events (received_at) WHERE decision IS NOT NULL;
  CREATE INDEX ON hand_events (environment, received_at) INCLUDE (source);
  ALTER TABLE hand_runs ADD COLUMN environment text NOT NULL DEFAULT 'production', ADD COLUMN source text NOT NULL DEFAULT 'segment',
    ADD COLUMN received_at bigint NOT NULL DEFAULT extract(epoch FROM now()) * 1000;
  CREATE INDEX ON hand_runs (message_id);
  CREATE INDEX ON hand_runs (environment, received_at)`;

export async function byHandOnPostgres(
  pool: pg.Pool,
  { dispatch = "inline", isListed = false }: ByHandOptions = {},
): Promise<Handle> {
  // Two of them in one database have tables of their own.
  const own = (sql: string) => (isListed ? sql.replaceAll("hand_", "listed_") : sql);
  await pool.query(
    own(`CREATE TABLE hand_events (environment text NOT NULL, source text NOT NULL, message_id text NOT NULL, type text,
    name text, user_id text, anonymous_id text, occurred_at bigint NOT NULL, received_at bigint NOT NULL, payload text,
    PRIMARY KEY (environment, source, message_id));
    CREATE TABLE hand_runs (key text PRIMARY KEY, message_id text NOT NULL, workflow text NOT NULL, request text NOT NULL,
    leased_until bigint NOT NULL, status text NOT NULL DEFAULT 'pending');
    CREATE INDEX ON hand_runs (leased_until) WHERE status = 'pending';
    CREATE TABLE hand_users (id text PRIMARY KEY)`),
  );
  if (isListed) await pool.query(own(listSql));
  await pool.query(own("INSERT INTO hand_users SELECT unnest($1::text[])"), [users]);
  const recordSql = own(`WITH inserted AS (
      INSERT INTO hand_events SELECT 'production', 'web', * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
        $6::bigint[], $7::bigint[], $8::text[]) ON CONFLICT DO NOTHING RETURNING 1
    ), planned AS (
      INSERT INTO hand_runs SELECT * FROM unnest($9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[]) RETURNING 1
    ) SELECT (SELECT count(*) FROM inserted) AS events, (SELECT count(*) FROM planned) AS runs,
      (SELECT count(*) FROM hand_users WHERE id = ANY ($14::text[])) AS known`);
  return handleByHand(
    {
      async record(events) {
        const of = <Value>(value: (planned: PlannedByHand) => Value) => events.map(({ planned }) => value(planned));
        const runs = events.flatMap(({ planned }) => planned.runs.map((run) => ({ ...run, planned })));
        const recipients = [...new Set(runs.flatMap((run) => run.recipients))];
        const values = [
          of(({ messageId }) => messageId),
          of(({ type }) => type),
          of(({ name }) => name),
          of(({ userId }) => userId),
          of(({ anonymousId }) => anonymousId),
          of(({ occurredAt }) => occurredAt),
          of(({ receivedAt }) => receivedAt),
          events.map(({ text }) => text),
          runs.map(({ key }) => key),
          runs.map(({ planned }) => planned.messageId),
          runs.map(({ workflow }) => workflow),
          runs.map(({ recipients: to, actor, tenant, data }) =>
            JSON.stringify({ recipients: to, actor, tenant, data }),
          ),
          runs.map(({ planned }) => planned.receivedAt + 30_000),
          recipients,
        ];
        const { rows } = await pool.query({ name: "hand_record", text: recordSql, values });
        const [counted] = rows;
        const found = [counted.events, counted.runs, counted.known].map(Number);
        if (String(found) !== String([events.length, runs.length, recipients.length]))
          throw new Error(`recorded ${found}`);
      },
      async settle(keys) {
        const text = own(`UPDATE hand_runs r SET status = 'triggered' FROM unnest($1::text[]) AS x(key)
          WHERE r.key = x.key AND r.status = 'pending'`);
        const { rowCount } = await pool.query({ name: "hand_settle", text, values: [keys] });
        if (rowCount !== keys.length) throw new Error(`settled ${rowCount} of ${keys.length}`);
      },
    },
    dispatch,
  );
}

export function byHandOnSqlite(database: Libsql.Database): Handle {
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE hand_events (environment TEXT NOT NULL, source TEXT NOT NULL, message_id TEXT NOT NULL, type TEXT, name TEXT,
      user_id TEXT, anonymous_id TEXT, occurred_at INTEGER NOT NULL, received_at INTEGER NOT NULL, payload TEXT,
      UNIQUE (environment, source, message_id));
    CREATE TABLE hand_runs (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, message_id TEXT NOT NULL, workflow TEXT NOT NULL,
      request TEXT NOT NULL, leased_until INTEGER NOT NULL, status TEXT NOT NULL DEFAULT 'pending');
    CREATE INDEX hand_due ON hand_runs (leased_until) WHERE status = 'pending';
    CREATE TABLE hand_users (id TEXT PRIMARY KEY) WITHOUT ROWID`);
  const addUser = database.prepare("INSERT INTO hand_users VALUES (?)");
  for (const id of users) addUser.run(id);
  const findUser = database.prepare("SELECT 1 FROM hand_users WHERE id = ?");
  const addEvent = database.prepare("INSERT INTO hand_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const addRun = database.prepare(
    "INSERT INTO hand_runs (key, message_id, workflow, request, leased_until) VALUES (?, ?, ?, ?, ?)",
  );
  const settleRun = database.prepare("UPDATE hand_runs SET status = 'triggered' WHERE key = ? AND status = 'pending'");
  const inTransaction = (work: () => void) => {
    database.exec("BEGIN IMMEDIATE");
    work();
    database.exec("COMMIT");
  };
  const addOne = ({ planned, text }: RecordedByHand) => {
    const { messageId, type, name, userId, anonymousId, occurredAt, receivedAt } = planned;
    addEvent.run("production", "web", messageId, type, name, userId, anonymousId, occurredAt, receivedAt, text);
    for (const { key, workflow, recipients, actor, tenant, data } of planned.runs) {
      const request = JSON.stringify({ recipients, actor, tenant, data });
      addRun.run(key, messageId, workflow, request, receivedAt + 30_000);
    }
  };
  return handleByHand(
    {
      record: async (events) =>
        inTransaction(() => {
          const recipients = new Set(events.flatMap(({ planned }) => planned.runs.flatMap((run) => run.recipients)));
          for (const id of recipients) if (findUser.all(id).length === 0) throw new Error("unknown");
          for (const event of events) addOne(event);
        }),
      settle: async (keys) =>
        inTransaction(() => {
          for (const key of keys) if (settleRun.run(key).changes !== 1) throw new Error("not settled");
        }),
    },
    "inline",
  );
}
