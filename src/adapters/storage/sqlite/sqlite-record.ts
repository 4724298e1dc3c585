import type { EventRecord, NewEvent, RecordParams, RecordResult } from "../../../storage/storage.js";
import { userHash } from "../deleted-hash.js";
import { toEventRecord } from "../stored-records.js";
import { numberOf, type Row, textOf } from "../stored-row.js";
import { toStoredText, toStoredTextOrNull } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";
import { isForgotten, mayForget } from "./sqlite-deletions.js";
import { insertRun, leaseFrom, leaseRun, runsOfEvent } from "./sqlite-run-rows.js";

/** Inside a transaction of the caller's. */
export function record(session: SqliteSession, params: RecordParams, now: number): readonly RecordResult[] {
  const { owner, leaseMs } = params;
  const lease = leaseMs === null ? null : leaseFrom(now, owner, leaseMs);
  const names = new Map<string, NameCount>();
  const { environment, source } = params;
  const hasDeletions = mayForget(session, environment);
  const isKnown = knownByThatId(session, environment);
  const results = params.events.map((event): RecordResult => {
    const deleted = hasDeletions ? deletedOf(session, environment, event) : [];
    const unknown = (event.assumesKnown ?? []).filter((id) => !isKnown(id));
    const isRefused = deleted.length > 0 || unknown.length > 0;
    if (isRefused && findEvent(session, environment, source, event.messageId) === undefined)
      return { status: "refused", claimed: [], stored: null, deleted, ...(unknown.length > 0 && { unknown }) };
    const eventId = insertEvent(session, params, event);
    if (eventId === null) return takeUp(session, params, event, now);
    const messageId = toStoredText(event.messageId);
    const { receivedAt } = event;
    const of = { eventId, environment, source, messageId: event.messageId, storedMessageId: messageId, receivedAt };
    const claimed = event.runs.flatMap((run, position) => insertRun(session, of, { run, position, now, lease }) ?? []);
    count(names, event);
    return { status: "new", claimed, stored: null };
  });
  writeCounts(session, params, names);
  return results;
}

/** Those whom the event names and who were deleted since it happened. */
function deletedOf(session: SqliteSession, environment: string, { names = [], occurredAt }: NewEvent) {
  return names.filter((id) => isForgotten(session, environment, userHash(environment, id), occurredAt.getTime()));
}

/** Whether an id is that of a known user, and the one that the user has now. Few users are assumed by many events. */
function knownByThatId(session: SqliteSession, environment: string): (id: string) => boolean {
  const known = new Map<string, boolean>();
  const lookUp = (id: string) =>
    session.all(
      `SELECT 1 FROM bellwire_users u WHERE environment = ? AND id = ?
       AND NOT EXISTS (SELECT 1 FROM bellwire_merged_users m WHERE m.environment = u.environment AND m.id = u.id)`,
      environment,
      toStoredText(id),
    ).length > 0;
  return (id) => {
    const isKnown = known.get(id) ?? lookUp(id);
    known.set(id, isKnown);
    return isKnown;
  };
}

export function findEvent(
  session: SqliteSession,
  environment: string,
  source: string,
  messageId: string,
): Row | undefined {
  const [row] = session.all(
    "SELECT * FROM bellwire_events WHERE environment = ? AND source = ? AND message_id = ?",
    environment,
    source,
    toStoredText(messageId),
  );
  return row;
}

export function storedEvent(session: SqliteSession, row: Row): EventRecord {
  const id = numberOf(row, "id");
  const [open] = session.all(
    "SELECT 1 AS has_open_made FROM bellwire_runs WHERE event_id = ? AND parent IS NOT NULL AND status IN ('pending', 'held') LIMIT 1",
    id,
  );
  return toEventRecord({ ...row, ...open }, runsOfEvent(session, id));
}

/** What became of an event that was recorded before; its pending runs are leased where nobody is on them. */
function takeUp(
  session: SqliteSession,
  { environment, source, owner, leaseMs }: RecordParams,
  event: NewEvent,
  now: number,
): RecordResult {
  const known = findEvent(session, environment, source, event.messageId) ?? {};
  const stored = storedEvent(session, known);
  const pending = runsOfEvent(session, numberOf(known, "id")).filter((run) => textOf(run, "status") === "pending");
  if (pending.length === 0) return { status: "finished", claimed: [], stored };
  if (pending.some((run) => numberOf(run, "leased_until") > now)) return { status: "leased", claimed: [], stored };
  if (leaseMs === null) return { status: "unfinished", claimed: [], stored };
  const lease = leaseFrom(now, owner, leaseMs);
  const claimed = pending.flatMap((run) => leaseRun(session, numberOf(run, "id"), lease) ?? []);
  return { status: "unfinished", claimed, stored };
}

/** @returns the row's id, or `null` where the event is known */
function insertEvent(session: SqliteSession, { environment, source }: RecordParams, event: NewEvent): number | null {
  const hasRuns = event.runs.length > 0;
  const { changes, lastId } = session.run(
    `INSERT INTO bellwire_events (environment, source, message_id, type, name, user_id, anonymous_id, occurred_at, received_at, payload, decision, reason, base_status, status)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    environment,
    source,
    toStoredText(event.messageId),
    toStoredTextOrNull(event.type),
    toStoredTextOrNull(event.name),
    toStoredTextOrNull(event.userId),
    toStoredTextOrNull(event.anonymousId),
    event.occurredAt.getTime(),
    event.receivedAt.getTime(),
    event.payloadText ?? JSON.stringify(event.payload),
    JSON.stringify(event.decision),
    event.reason,
    event.status,
    hasRuns && event.status !== "failed" ? "in_progress" : event.status,
  );
  return changes === 0 ? null : lastId;
}

interface NameCount {
  readonly type: string;
  readonly name: string;
  count: number;
  firstSeenAt: number;
  lastSeenAt: number;
}

function count(names: Map<string, NameCount>, { type, name, status, receivedAt }: NewEvent): void {
  if (type === null || status === "invalid") return;
  const stored = name === null ? "" : toStoredText(name);
  const key = `${type}\u0000${stored}`;
  const at = receivedAt.getTime();
  const known = names.get(key);
  if (known === undefined) {
    names.set(key, { type, name: stored, count: 1, firstSeenAt: at, lastSeenAt: at });
    return;
  }
  known.count += 1;
  known.firstSeenAt = Math.min(known.firstSeenAt, at);
  known.lastSeenAt = Math.max(known.lastSeenAt, at);
}

function writeCounts(
  session: SqliteSession,
  { environment, source }: RecordParams,
  names: ReadonlyMap<string, NameCount>,
): void {
  for (const { type, name, count: counted, firstSeenAt, lastSeenAt } of names.values()) {
    session.run(
      `INSERT INTO bellwire_names (environment, source, type, name, count, first_seen_at, last_seen_at) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET count = count + excluded.count, first_seen_at = min(first_seen_at, excluded.first_seen_at),
         last_seen_at = max(last_seen_at, excluded.last_seen_at)`,
      environment,
      source,
      type,
      name,
      counted,
      firstSeenAt,
      lastSeenAt,
    );
  }
}
