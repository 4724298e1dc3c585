import { setImmediate as nextTurn } from "node:timers/promises";
import type { ClaimedRun, NewRun } from "../../../storage/run-store.js";
import type { NewEvent, RecordParams, RecordResult } from "../../../storage/storage.js";
import { newRunRecord, toClaimedRuns, toEventRecord } from "../stored-records.js";
import { numberOf, numberOrNull, type Row, textOf } from "../stored-row.js";
import { toStoredText, toStoredTextOrNull } from "../stored-text.js";
import { nowMs, type PostgresValue, type Query, rowsOf, toArray } from "./postgres-client.js";
import { addRefusal, mentionsIn, type Refusal, toRefusal } from "./postgres-refusals.js";

const runsOfEvent = `(SELECT json_agg(r ORDER BY r.position) FROM bellwire.runs r
  WHERE r.message_id = t.message_id AND r.environment = t.environment AND r.source = t.source AND r.parent IS NULL)`;

/**
 * What is to be read with an event: the runs that were recorded with it, and whether one that these made is open. Asked along the
 * index for one event at a time; an EXISTS could be made a table of all such runs.
 */
export const withRuns = `${runsOfEvent} AS runs, coalesce((SELECT true FROM bellwire.runs r WHERE r.message_id = t.message_id
  AND r.environment = t.environment AND r.source = t.source AND r.parent IS NOT NULL AND r.status IN ('pending', 'held') LIMIT 1),
  false) AS has_open_made`;

/** The long texts of a batch travel as the bytes of one value: half the work of an array, whose every quote has to be escaped. */
function textAt(offset: string, bytes: string): string {
  return `convert_from(substring($5::bytea FROM ${offset} + 1 FOR ${bytes}), 'UTF8')`;
}

/**
 * Records what is new of a batch together with its runs, in one statement, which is one transaction. It only inserts, and looks up
 * through functions alone, so that nothing about its plan depends on the size of a table; the rows stand in the order of their keys,
 * so that batches that overlap can not deadlock. A name is counted in one of several rows, since whoever counts in one holds it up to
 * the end. An event's `status` is the one it has as long as none of its runs says otherwise.
 */
const recordSql = `
WITH refused AS MATERIALIZED (
  SELECT * FROM bellwire.refused($1, $6::text[], $11::bigint[], $31::text[], $32::text[], $33::integer[], $34::integer[], $35::integer[])
), inserted AS (
  INSERT INTO bellwire.events (environment, source, message_id, type, name, user_id, anonymous_id, occurred_at, received_at,
    reason, base_status, status, pending_runs, payload, decision)
  SELECT $1, $2, message_id, type, name, user_id, anonymous_id, occurred_at, received_at, reason, base_status,
    CASE WHEN runs > 0 AND base_status <> 'failed' THEN 'in_progress' ELSE base_status END, runs,
    ${textAt("payload_at", "payload_bytes")}, ${textAt("payload_at + payload_bytes", "decision_bytes")}
  FROM unnest($6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::text[], $14::text[],
    $15::integer[], $16::integer[], $17::integer[], $18::integer[]) AS x(message_id, type, name, user_id, anonymous_id, occurred_at,
    received_at, reason, base_status, runs, payload_at, payload_bytes, decision_bytes)
  WHERE (x.message_id IN (SELECT message_id FROM refused)) IS NOT TRUE
  ON CONFLICT DO NOTHING
  RETURNING message_id, type, name, received_at, base_status
), clock AS MATERIALIZED (SELECT ${nowMs} AS now
), planned AS (
  INSERT INTO bellwire.runs (idempotency_key, environment, source, message_id, position, trigger_key, workflow, action, received_at,
    status, fence, owner, leased_until, first_claimed_at, waiting_for, held_until, hold_then, request)
  SELECT x.idempotency_key, $1, $2, x.message_id, x.position, x.trigger_key, x.workflow, x.action, x.received_at,
    CASE WHEN x.waiting_for IS NULL THEN 'pending' ELSE 'held' END,
    CASE WHEN $3::bigint IS NULL OR x.waiting_for IS NOT NULL THEN 0 ELSE 1 END, $4,
    CASE WHEN $3::bigint IS NULL OR x.waiting_for IS NOT NULL THEN 0 ELSE clock.now + $3::bigint END,
    CASE WHEN $3::bigint IS NULL OR x.waiting_for IS NOT NULL THEN NULL ELSE clock.now END,
    x.waiting_for, clock.now + x.hold_ms, x.hold_then, ${textAt("request_at", "request_bytes")}
  FROM clock, unnest($19::text[], $20::text[], $21::integer[], $22::text[], $23::text[], $24::text[], $25::bigint[], $26::text[],
    $27::bigint[], $28::text[], $29::integer[], $30::integer[]) AS x(idempotency_key, message_id, position, trigger_key, workflow,
    action, received_at, waiting_for, hold_ms, hold_then, request_at, request_bytes)
  -- Not a join, which the planner, who can not know how many they are, could make a loop within a loop.
  WHERE (x.message_id IN (SELECT message_id FROM inserted)) IS TRUE
), counted AS (
  INSERT INTO bellwire.names AS n (environment, source, type, name, slot, count, first_seen_at, last_seen_at)
  SELECT $1, $2, type, coalesce(name, ''), pg_backend_pid() % 64, count(*), min(received_at), max(received_at) FROM inserted
  WHERE type IS NOT NULL AND base_status <> 'invalid' GROUP BY type, coalesce(name, '') ORDER BY 3, 4
  ON CONFLICT (environment, source, type, name, slot) DO UPDATE SET count = n.count + excluded.count,
    first_seen_at = least(n.first_seen_at, excluded.first_seen_at), last_seen_at = greatest(n.last_seen_at, excluded.last_seen_at)
)
SELECT message_id, now, NULL AS hash, NULL AS unknown FROM inserted, clock
UNION ALL SELECT message_id, NULL, hash, unknown FROM refused`;

/** What is stored of events that were recorded before; their pending runs are leased where nobody is on them. */
const takeUpSql = `
WITH free AS (
  SELECT r.idempotency_key FROM bellwire.runs r
  WHERE $3::bigint IS NOT NULL AND r.message_id = ANY($5::text[]) AND r.environment = $1 AND r.source = $2 AND r.status = 'pending'
    AND r.parent IS NULL AND NOT EXISTS (SELECT 1 FROM bellwire.runs o WHERE o.message_id = r.message_id AND o.environment = $1 AND o.source = $2
      AND o.status = 'pending' AND o.parent IS NULL AND o.leased_until > ${nowMs})
  ORDER BY r.idempotency_key FOR UPDATE OF r
), leased AS (
  UPDATE bellwire.runs r SET fence = r.fence + 1, owner = $4, leased_until = ${nowMs} + $3::bigint,
    first_claimed_at = coalesce(r.first_claimed_at, ${nowMs})
  FROM free WHERE r.idempotency_key = free.idempotency_key AND r.status = 'pending' AND r.leased_until <= ${nowMs}
  RETURNING r.*
)
SELECT t.*, ${withRuns}, (SELECT json_agg(l ORDER BY l.position) FROM leased l WHERE l.message_id = t.message_id) AS leased
FROM bellwire.events t WHERE t.environment = $1 AND t.source = $2 AND t.message_id = ANY($5::text[])`;

interface Asked {
  readonly event: NewEvent;
  /** Its messageId in stored form. */
  readonly messageId: string;
}

/** One round trip where all is new, two where something was recorded before. */
export async function record(query: Query, params: RecordParams): Promise<readonly RecordResult[]> {
  const { environment, source, leaseMs, owner } = params;
  const found = new Map<string, RecordResult>();
  let asked = params.events
    .map((event): Asked => ({ event, messageId: toStoredText(event.messageId) }))
    .sort((left, right) => compare(left.messageId, right.messageId));
  while (asked.length > 0) {
    const columns = await toColumns(asked, environment);
    const rows = await query.prepared(recordSql, environment, source, leaseMs, owner, ...columns);
    const { recorded, moment, refused } = sortOut(rows, leaseMs);
    for (const { event, messageId } of asked) {
      if (moment !== null && recorded.has(messageId))
        found.set(messageId, { status: "new", claimed: claimNew(params, event, moment), stored: null });
    }
    const known = asked.flatMap(({ messageId }) => (found.has(messageId) ? [] : [messageId]));
    if (known.length === 0) break;
    // Whoever stood in the way has committed by now, which a statement that began before could not see.
    const stored = await query(takeUpSql, environment, source, leaseMs, owner, toArray(known));
    for (const row of stored) found.set(textOf(row, "message_id"), toKnownResult(row));
    for (const { event, messageId } of asked) {
      const refusal = found.has(messageId) ? undefined : refused.get(messageId);
      if (refusal !== undefined) found.set(messageId, toRefusal(event, environment, refusal));
    }
    // What is neither new nor known was removed in between.
    asked = asked.filter(({ messageId }) => !found.has(messageId));
  }
  return params.events.flatMap((event) => found.get(toStoredText(event.messageId)) ?? []);
}

/** When a statement began, and when the leases end that it took. */
interface Moment {
  readonly now: number;
  readonly leasedUntil: Date;
}

function sortOut(rows: readonly Row[], leaseMs: number | null) {
  const recorded = new Set<string>();
  const refused = new Map<string, Refusal>();
  let moment: Moment | null = null;
  for (const row of rows) {
    const now = numberOrNull(row, "now");
    if (now === null) {
      addRefusal(refused, row);
      continue;
    }
    recorded.add(textOf(row, "message_id"));
    moment ??= { now, leasedUntil: new Date(now + (leaseMs ?? 0)) };
  }
  return { recorded, moment, refused };
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Events that are put into text before others get their turn: a few milliseconds' work. */
const eventsPerTurn = 250;

async function toColumns(asked: readonly Asked[], environment: string): Promise<readonly PostgresValue[]> {
  const texts = createTextSlices();
  const events: (Asked & { readonly payload: TextSlice; readonly decision: TextSlice })[] = [];
  const runs: (Asked & { readonly run: NewRun; readonly position: number; readonly request: TextSlice })[] = [];
  for (const { event, messageId } of asked) {
    if (events.length > 0 && events.length % eventsPerTurn === 0) await nextTurn();
    const payload = texts.add(event.payloadText ?? JSON.stringify(event.payload));
    const decision = texts.add(JSON.stringify(event.decision));
    events.push({ event, messageId, payload, decision });
    for (const [position, run] of event.runs.entries())
      runs.push({ run, position, messageId, event, request: texts.add(run.request) });
  }
  const { hashes, ids, mentions } = mentionsIn(
    asked.map(({ event }) => event),
    environment,
  );
  const ofEvents = (value: (event: (typeof events)[number]) => string | number | null) => toArray(events.map(value));
  const ofRuns = (value: (run: (typeof runs)[number]) => string | number | null) => toArray(runs.map(value));
  return [
    texts.toBytes(),
    ofEvents(({ messageId }) => messageId),
    ofEvents(({ event }) => toStoredTextOrNull(event.type)),
    ofEvents(({ event }) => toStoredTextOrNull(event.name)),
    ofEvents(({ event }) => toStoredTextOrNull(event.userId)),
    ofEvents(({ event }) => toStoredTextOrNull(event.anonymousId)),
    ofEvents(({ event }) => event.occurredAt.getTime()),
    ofEvents(({ event }) => event.receivedAt.getTime()),
    ofEvents(({ event }) => event.reason),
    ofEvents(({ event }) => event.status),
    ofEvents(({ event }) => event.runs.length),
    ofEvents(({ payload }) => payload.offset),
    ofEvents(({ payload }) => payload.bytes),
    ofEvents(({ decision }) => decision.bytes),
    ofRuns(({ run }) => run.idempotencyKey),
    ofRuns(({ messageId }) => messageId),
    ofRuns(({ position }) => position),
    ofRuns(({ run }) => toStoredText(run.trigger)),
    ofRuns(({ run }) => toStoredText(run.workflow)),
    ofRuns(({ run }) => run.action),
    ofRuns(({ event }) => event.receivedAt.getTime()),
    ofRuns(({ run }) => toStoredTextOrNull(run.hold?.userId ?? null)),
    ofRuns(({ run }) => run.hold?.forMs ?? null),
    ofRuns(({ run }) => run.hold?.onExpiry ?? null),
    ofRuns(({ request }) => request.offset),
    ofRuns(({ request }) => request.bytes),
    toArray(hashes),
    toArray(ids),
    toArray(mentions.map(({ event }) => event)),
    toArray(mentions.map(({ hash }) => hash)),
    toArray(mentions.map(({ id }) => id)),
  ];
}

/** Where a text stands among the bytes, once these are there. */
interface TextSlice {
  offset: number;
  bytes: number;
}

const maxBytesPerCharacter = 3;

/** Texts one behind the other. To count their bytes first would take longer than to write them; memory that is not written to costs nothing. */
function createTextSlices() {
  const slices: (TextSlice & { readonly text: string })[] = [];
  let characters = 0;
  return {
    add(text: string): TextSlice {
      const slice = { text, offset: 0, bytes: 0 };
      slices.push(slice);
      characters += text.length;
      return slice;
    },
    toBytes(): Uint8Array {
      const bytes = Buffer.allocUnsafe(characters * maxBytesPerCharacter);
      let offset = 0;
      for (const slice of slices) {
        slice.offset = offset;
        slice.bytes = bytes.write(slice.text, offset);
        offset += slice.bytes;
      }
      return bytes.subarray(0, offset);
    },
  };
}

/** What the database now holds of new runs, which it need not send back. */
function claimNew(params: RecordParams, event: NewEvent, { now, leasedUntil }: Moment): readonly ClaimedRun[] {
  if (params.leaseMs === null) return [];
  const { environment, source } = params;
  const { messageId, receivedAt } = event;
  return event.runs
    .filter(({ hold }) => hold === undefined)
    .map((run) => ({
      run: newRunRecord({ environment, source, messageId, receivedAt }, run, now),
      fence: 1,
      leasedUntil,
    }));
}

function toKnownResult(row: Row): RecordResult {
  const stored = toEventRecord(row, rowsOf(row, "runs"));
  const claimed = toClaimedRuns(rowsOf(row, "leased"));
  if (claimed.length > 0) return { status: "unfinished", claimed, stored };
  if (!stored.runs.some((run) => run.status === "pending")) return { status: "finished", claimed, stored };
  const isLeased = rowsOf(row, "runs").some(
    (run) => textOf(run, "status") === "pending" && numberOf(run, "leased_until") > 0,
  );
  return { status: isLeased ? "leased" : "unfinished", claimed, stored };
}
