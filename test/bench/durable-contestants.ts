import { createHash } from "node:crypto";
import { createSegmentSource, functionRunner, type Storage } from "bellwire";
import type pg from "pg";
import { trackEvent } from "./events.js";
import { triggerOn, users } from "./sources.js";

/** Numbers no event twice, in whichever process. */
let number = 0;
const run = `${process.pid}-${Date.now()}`;

export interface FreshEvent {
  readonly messageId: string;
  readonly text: string;
  readonly event: ReturnType<typeof trackEvent>;
}

export function freshEvents(count: number): readonly FreshEvent[] {
  return Array.from({ length: count }, () => {
    number += 1;
    const event = { ...trackEvent(number), messageId: `${run}-${number}` };
    return { messageId: event.messageId, text: JSON.stringify(event), event };
  });
}

export function toBatch(events: readonly FreshEvent[]): string {
  return `[${events.map(({ text }) => text).join(",")}]`;
}

/** Work that other processes have a part in: what counts is how long it takes. */
export async function elapsedUs(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) * 1_000;
}

/** Keeps so many at work at the same time until all are done. */
export async function inParallel<Item>(
  width: number,
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const item = items[next]!;
      next += 1;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

export type Handle = (payload: string, events: number) => Promise<void>;

/** Bellwire on a database, complete: look up, record, dispatch to a function, settle; in the background without the last two. */
export async function startDurable(storage: Storage, dispatch: "inline" | "background" = "inline"): Promise<Handle> {
  const source = createSegmentSource({
    environments: { production: {} },
    storage,
    runner: functionRunner(() => undefined),
    triggers: [triggerOn("Comment Created", 0)],
    dispatch,
  });
  await Promise.all(users.map((id) => source.users.identify({ id, name: id })));
  const status = dispatch === "inline" ? "processed" : "in_progress";
  return async (payload, expected) => {
    const { events } = await source.handleSegmentPayload(payload);
    const done = events.filter((event) => event.status === status && event.triggers.length === 1);
    if (done.length !== expected) throw new Error(`${done.length} of ${expected} are ${status}`);
  };
}

/** The rows that a bare INSERT writes: the same events in a table with nothing but its key. */
export async function createBareTable(pool: pg.Pool) {
  await pool.query(`CREATE TABLE bare_events (environment text NOT NULL, source text NOT NULL, message_id text NOT NULL, type text,
    name text, user_id text, anonymous_id text, occurred_at bigint NOT NULL, received_at bigint NOT NULL, payload text,
    PRIMARY KEY (environment, source, message_id))`);
  const columns = ({ messageId, event, text }: FreshEvent) => {
    const now = Date.now();
    return ["production", "web", messageId, event.type, event.event, event.userId, event.anonymousId, now, now, text];
  };
  const one = { name: "bare_one", text: "INSERT INTO bare_events VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)" };
  const many = {
    name: "bare_many",
    text: `INSERT INTO bare_events SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
      $7::text[], $8::bigint[], $9::bigint[], $10::text[])`,
  };
  return {
    insertOne: (event: FreshEvent) => pool.query({ ...one, values: columns(event) }),
    insertMany: (events: readonly FreshEvent[]) => {
      const rows = events.map(columns);
      return pool.query({ ...many, values: rows[0]!.map((_, index) => rows.map((row) => row[index])) });
    },
  };
}

/** The glue that teams write: a statement for each step, seven of them for an event with three recipients. */
export async function createDatabaseGlue(pool: pg.Pool): Promise<(event: FreshEvent) => Promise<void>> {
  await pool.query(`CREATE TABLE glue_events (message_id text PRIMARY KEY, payload jsonb NOT NULL, status text NOT NULL, received_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE glue_users (id text PRIMARY KEY, name text);
    CREATE TABLE glue_runs (key text PRIMARY KEY, message_id text NOT NULL, workflow text NOT NULL, request jsonb NOT NULL, status text NOT NULL);
    CREATE INDEX ON glue_events (received_at); CREATE INDEX ON glue_runs (message_id)`);
  await pool.query("INSERT INTO glue_users SELECT id, id FROM unnest($1::text[]) id", [users]);
  return async ({ messageId, text }) => {
    const { properties, context }: ReturnType<typeof trackEvent> = JSON.parse(text);
    const { rowCount } = await pool.query(
      "INSERT INTO glue_events (message_id, payload, status) VALUES ($1, $2, 'received') ON CONFLICT DO NOTHING",
      [messageId, text],
    );
    if (rowCount === 0) return;
    const recipients: string[] = [];
    for (const id of properties.mentioned) {
      const { rows } = await pool.query("SELECT id FROM glue_users WHERE id = $1", [id]);
      if (rows.length > 0) recipients.push(id);
    }
    const key = createHash("sha256").update(messageId).digest("hex");
    const request = JSON.stringify({ recipients, tenant: context.groupId, data: { title: properties.title } });
    await pool.query("INSERT INTO glue_runs VALUES ($1, $2, 'mention', $3, 'pending')", [key, messageId, request]);
    await pool.query("UPDATE glue_runs SET status = 'triggered' WHERE key = $1", [key]);
    await pool.query("UPDATE glue_events SET status = 'processed' WHERE message_id = $1", [messageId]);
  };
}
