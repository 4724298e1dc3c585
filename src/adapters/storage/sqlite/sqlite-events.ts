import type { Clock } from "../../../core/clock.js";
import type { EventRecord, EventStore, NewEvent, RecordParams, RecordResult } from "../../../storage/storage.js";
import { toEventRecord, toNameCount } from "../stored-records.js";
import { numberOf, type Row, textOf } from "../stored-row.js";
import { toStoredText, toStoredTextOrNull } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";
import { forgetWaiting } from "./sqlite-holds.js";
import { pageOf } from "./sqlite-page.js";
import { insertRun, leaseRun, runsOfEvent } from "./sqlite-run-rows.js";

export function sqliteEventStore(session: SqliteSession, clock: Clock): EventStore {
  return {
    async record(params) {
      return session.transaction(() => params.events.map((event) => recordOne(session, params, event, clock.now())));
    },
    async get({ environment, source, messageId }) {
      const row = findEvent(session, environment, source, messageId);
      return row === undefined ? null : storedEvent(session, row);
    },
    async list(params) {
      return pageOf(session, {
        table: "bellwire_events",
        key: "id",
        filters: [
          ["environment = ?", params.environment],
          ["source = ?", params.source],
          ["status = ?", params.status],
          ["type = ?", params.type],
          ["name = ?", params.name === undefined ? undefined : toStoredText(params.name)],
          ["user_id = ?", params.userId === undefined ? undefined : toStoredText(params.userId)],
          ["received_at >= ?", params.receivedFrom?.getTime()],
          ["received_at < ?", params.receivedTo?.getTime()],
        ],
        limit: params.limit,
        cursor: params.cursor,
        toItem: (row) => storedEvent(session, row),
      });
    },
    async names({ environment, source }) {
      const rows = session.all(
        `SELECT type, name, sum(count) AS count, min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at
         FROM bellwire_names WHERE environment = ? AND (? IS NULL OR source = ?) GROUP BY type, name ORDER BY last_seen_at DESC`,
        environment,
        source ?? null,
        source ?? null,
      );
      return rows.map(toNameCount);
    },
    purge: async (params) => session.transaction(() => purge(session, params, clock.now())),
    async erase({ environment, userId }) {
      return session.transaction(() => {
        const rows = session.all(
          "SELECT id FROM bellwire_events WHERE environment = ? AND user_id = ?",
          environment,
          toStoredText(userId),
        );
        for (const row of rows) strip(session, numberOf(row, "id"));
        return rows.length + forgetWaiting(session, environment, userId);
      });
    },
  };
}

function findEvent(session: SqliteSession, environment: string, source: string, messageId: string): Row | undefined {
  const [row] = session.all(
    "SELECT * FROM bellwire_events WHERE environment = ? AND source = ? AND message_id = ?",
    environment,
    source,
    toStoredText(messageId),
  );
  return row;
}

function recordOne(session: SqliteSession, params: RecordParams, event: NewEvent, now: number): RecordResult {
  const { environment, source, owner, leaseMs } = params;
  const lease = leaseMs === null ? null : { owner, now, until: now + leaseMs };
  const known = findEvent(session, environment, source, event.messageId);
  if (known === undefined) {
    const keys = insertEvent(session, params, event, now);
    return {
      status: "new",
      claimed: lease === null ? [] : keys.flatMap((key) => leaseRun(session, key, lease) ?? []),
      stored: null,
    };
  }
  const stored = storedEvent(session, known);
  const pending = runsOfEvent(session, numberOf(known, "id")).filter((run) => textOf(run, "status") === "pending");
  if (pending.length === 0) return { status: "finished", claimed: [], stored };
  if (pending.some((run) => numberOf(run, "leased_until") > now)) return { status: "leased", claimed: [], stored };
  const claimed =
    lease === null ? [] : pending.flatMap((run) => leaseRun(session, textOf(run, "idempotency_key"), lease) ?? []);
  return { status: "unfinished", claimed, stored };
}

/** @returns the keys of the planned runs that wait for nobody */
function insertEvent(
  session: SqliteSession,
  { environment, source }: RecordParams,
  event: NewEvent,
  now: number,
): readonly string[] {
  const messageId = toStoredText(event.messageId);
  const receivedAt = event.receivedAt.getTime();
  const [row] = session.all(
    `INSERT INTO bellwire_events (environment, source, message_id, type, name, user_id, anonymous_id, occurred_at, received_at, payload, decision, reason, base_status, status)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    environment,
    source,
    messageId,
    toStoredTextOrNull(event.type),
    toStoredTextOrNull(event.name),
    toStoredTextOrNull(event.userId),
    toStoredTextOrNull(event.anonymousId),
    event.occurredAt.getTime(),
    receivedAt,
    JSON.stringify(event.payload),
    JSON.stringify(event.decision),
    event.reason,
    event.status,
    event.runs.length > 0 ? "in_progress" : event.status,
  );
  const owner = { eventId: numberOf(row ?? {}, "id"), environment, source, messageId, receivedAt };
  for (const [position, run] of event.runs.entries()) insertRun(session, owner, run, position, now);
  if (event.type !== null && event.status !== "invalid") {
    session.run(
      `INSERT INTO bellwire_names (environment, source, type, name, count, first_seen_at, last_seen_at) VALUES (?, ?, ?, ?, 1, ?, ?)
       ON CONFLICT DO UPDATE SET count = count + 1, first_seen_at = min(first_seen_at, excluded.first_seen_at), last_seen_at = max(last_seen_at, excluded.last_seen_at)`,
      environment,
      source,
      event.type,
      event.name === null ? "" : toStoredText(event.name),
      receivedAt,
      receivedAt,
    );
  }
  return event.runs.filter((run) => run.hold === undefined).map((run) => run.idempotencyKey);
}

const isOpen =
  "EXISTS (SELECT 1 FROM bellwire_runs WHERE event_id = bellwire_events.id AND status IN ('pending', 'held'))";

function purge(session: SqliteSession, params: Parameters<EventStore["purge"]>[0], now: number) {
  const old = (ms: number, condition: string) =>
    session.all(
      `SELECT id FROM bellwire_events WHERE received_at < ? AND ${condition} AND NOT ${isOpen} LIMIT ?`,
      now - ms,
      params.limit,
    );
  const gone = old(params.eventsOlderThanMs, "true");
  for (const row of gone) {
    session.run("DELETE FROM bellwire_runs WHERE event_id = ?", numberOf(row, "id"));
    session.run("DELETE FROM bellwire_events WHERE id = ?", numberOf(row, "id"));
  }
  const bare = old(params.payloadsOlderThanMs, "decision IS NOT NULL");
  for (const row of bare) strip(session, numberOf(row, "id"));
  session.run("DELETE FROM bellwire_deleted_users WHERE deleted_at < ?", now - params.eventsOlderThanMs);
  return { payloads: bare.length, events: gone.length };
}

/** Leaves what is needed to know the event again. */
function strip(session: SqliteSession, eventId: number): void {
  session.run("DELETE FROM bellwire_runs WHERE event_id = ?", eventId);
  session.run(
    `UPDATE bellwire_events SET payload = NULL, decision = NULL, user_id = NULL, anonymous_id = NULL,
       status = CASE status WHEN 'in_progress' THEN base_status ELSE status END WHERE id = ?`,
    eventId,
  );
}

function storedEvent(session: SqliteSession, row: Row): EventRecord {
  return toEventRecord(row, runsOfEvent(session, numberOf(row, "id")));
}
