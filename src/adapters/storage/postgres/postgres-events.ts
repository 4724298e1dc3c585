import type { EventRecord, EventStore, NewEvent, RecordParams, RecordResult } from "../../../storage/storage.js";
import { toClaimedRun, toEventRecord, toNameCount } from "../stored-records.js";
import { numberOf, type Row, textOf } from "../stored-row.js";
import { toStoredText, toStoredTextOrNull } from "../stored-text.js";
import { nowMs, type Query, rowsOf } from "./postgres-client.js";
import { forgetWaitingSql } from "./postgres-holds.js";
import { pageOf } from "./postgres-page.js";
import { toRunInput } from "./postgres-runs.js";

const runsOfEvent = `(SELECT json_agg(r ORDER BY r.position) FROM bellwire.runs r
  WHERE r.environment = t.environment AND r.source = t.source AND r.message_id = t.message_id)`;

/**
 * Records a whole batch in one statement, which is one transaction: inserts what is new together with its runs, counts names, and
 * leases what was left unfinished. Rows are inserted in the order of their keys, so that batches that overlap can not deadlock.
 */
const recordSql = `
WITH input AS (
  SELECT * FROM json_to_recordset($3::text::json) AS x(message_id text, type text, name text, user_id text, anonymous_id text,
    occurred_at bigint, received_at bigint, payload text, decision text, reason text, base_status text, runs integer)
), inserted AS (
  INSERT INTO bellwire.events (environment, source, message_id, type, name, user_id, anonymous_id, occurred_at, received_at,
    payload, decision, reason, base_status, status, pending_runs)
  SELECT $1, $2, message_id, type, name, user_id, anonymous_id, occurred_at, received_at, payload, decision, reason, base_status,
    CASE WHEN runs > 0 THEN 'in_progress' ELSE base_status END, runs
  FROM input ORDER BY message_id ON CONFLICT DO NOTHING
  RETURNING message_id, type, name, received_at, base_status
), planned AS (
  INSERT INTO bellwire.runs (idempotency_key, environment, source, message_id, position, trigger_key, workflow, action, request,
    received_at, status, fence, owner, leased_until, first_claimed_at, waiting_for, held_until, hold_then)
  SELECT x.idempotency_key, $1, $2, message_id, x.position, x.trigger_key, x.workflow, x.action, x.request, i.received_at,
    CASE WHEN x.waiting_for IS NULL THEN 'pending' ELSE 'held' END,
    CASE WHEN $5::bigint IS NULL OR x.waiting_for IS NOT NULL THEN 0 ELSE 1 END, $6,
    CASE WHEN x.waiting_for IS NOT NULL THEN 0 ELSE coalesce(${nowMs} + $5::bigint, 0) END,
    CASE WHEN $5::bigint IS NULL OR x.waiting_for IS NOT NULL THEN NULL ELSE ${nowMs} END,
    x.waiting_for, ${nowMs} + x.hold_ms, x.hold_then
  FROM json_to_recordset($4::text::json) AS x(idempotency_key text, message_id text, position integer, trigger_key text, workflow text,
    action text, request text, waiting_for text, hold_ms bigint, hold_then text) JOIN inserted i USING (message_id) ORDER BY x.idempotency_key
  RETURNING *
), counted AS (
  INSERT INTO bellwire.names AS n (environment, source, type, name, count, first_seen_at, last_seen_at)
  SELECT $1, $2, type, coalesce(name, ''), count(*), min(received_at), max(received_at) FROM inserted
  WHERE type IS NOT NULL AND base_status <> 'invalid' GROUP BY type, coalesce(name, '') ORDER BY 3, 4
  ON CONFLICT (environment, source, type, name) DO UPDATE SET count = n.count + excluded.count,
    first_seen_at = least(n.first_seen_at, excluded.first_seen_at), last_seen_at = greatest(n.last_seen_at, excluded.last_seen_at)
), free AS (
  SELECT r.idempotency_key FROM bellwire.runs r JOIN input USING (message_id)
  WHERE $5::bigint IS NOT NULL AND r.environment = $1 AND r.source = $2 AND r.status = 'pending' AND NOT EXISTS (
    SELECT 1 FROM bellwire.runs o WHERE o.environment = $1 AND o.source = $2 AND o.message_id = r.message_id
    AND o.status = 'pending' AND o.leased_until > ${nowMs})
  ORDER BY r.idempotency_key FOR UPDATE OF r
), leased AS (
  UPDATE bellwire.runs r SET fence = r.fence + 1, owner = $6, leased_until = ${nowMs} + $5::bigint,
    first_claimed_at = coalesce(r.first_claimed_at, ${nowMs})
  FROM free WHERE r.idempotency_key = free.idempotency_key AND r.status = 'pending' AND r.leased_until <= ${nowMs}
  RETURNING r.*
)
SELECT input.message_id AS asked, inserted.message_id IS NOT NULL AS is_new, t.*, ${runsOfEvent} AS runs,
  (SELECT json_agg(p ORDER BY p.position) FROM planned p WHERE p.message_id = input.message_id) AS planned,
  (SELECT json_agg(l ORDER BY l.position) FROM leased l WHERE l.message_id = input.message_id) AS leased
FROM input LEFT JOIN inserted USING (message_id)
LEFT JOIN bellwire.events t ON t.environment = $1 AND t.source = $2 AND t.message_id = input.message_id`;

export function postgresEventStore(query: Query): EventStore {
  return {
    record: (params) => record(query, params),
    async get({ environment, source, messageId }) {
      const [row] = await query(
        `SELECT t.*, ${runsOfEvent} AS runs FROM bellwire.events t WHERE environment = $1 AND source = $2 AND message_id = $3`,
        environment,
        source,
        toStoredText(messageId),
      );
      return row === undefined ? null : storedEvent(row);
    },
    async list(params) {
      return pageOf(query, {
        table: "bellwire.events",
        // Sources share an environment; a messageId may occur in several.
        key: "(message_id || '/' || source)",
        extra: `${runsOfEvent} AS runs`,
        filters: [
          ["environment =", params.environment],
          ["source =", params.source],
          ["status =", params.status],
          ["type =", params.type],
          ["name =", params.name === undefined ? undefined : toStoredText(params.name)],
          ["user_id =", params.userId === undefined ? undefined : toStoredText(params.userId)],
          ["received_at >=", params.receivedFrom?.getTime()],
          ["received_at <", params.receivedTo?.getTime()],
        ],
        limit: params.limit,
        cursor: params.cursor,
        toItem: storedEvent,
      });
    },
    async names({ environment, source }) {
      const rows = await query(
        `SELECT type, name, sum(count) AS count, min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at
         FROM bellwire.names WHERE environment = $1 AND ($2::text IS NULL OR source = $2) GROUP BY type, name ORDER BY 5 DESC`,
        environment,
        source ?? null,
      );
      return rows.map(toNameCount);
    },
    async purge({ payloadsOlderThanMs, eventsOlderThanMs, limit }) {
      const [row] = await query(purgeSql, payloadsOlderThanMs, eventsOlderThanMs, limit);
      return { payloads: Number(row?.["payloads"] ?? 0), events: Number(row?.["events"] ?? 0) };
    },
    async erase({ environment, userId }) {
      const waiting = await query(forgetWaitingSql, environment, toStoredText(userId));
      const rows = await query(eraseSql, environment, toStoredText(userId));
      return rows.length + waiting.length;
    },
  };
}

async function record(query: Query, params: RecordParams): Promise<readonly RecordResult[]> {
  const found = new Map<string, RecordResult>();
  let asked = params.events.map((event) => ({ event, messageId: toStoredText(event.messageId) }));
  while (asked.length > 0) {
    const events = asked.map(({ event, messageId }) => toEventInput(event, messageId));
    const runs = asked.flatMap(({ event, messageId }) =>
      event.runs.map((run, position) => toRunInput(messageId, run, position)),
    );
    const { environment, source, leaseMs, owner } = params;
    const rows = await query(
      recordSql,
      environment,
      source,
      JSON.stringify(events),
      JSON.stringify(runs),
      leaseMs,
      owner,
    );
    for (const row of rows) {
      const result = toRecordResult(row);
      if (result !== null) found.set(textOf(row, "asked"), result);
    }
    // What another transaction committed while this statement ran is neither inserted by it nor visible to it; the next one sees it.
    asked = asked.filter(({ messageId }) => !found.has(messageId));
  }
  return params.events.flatMap((event) => found.get(toStoredText(event.messageId)) ?? []);
}

function toRecordResult(row: Row): RecordResult | null {
  if (row["is_new"] === true) {
    const claimed = rowsOf(row, "planned")
      .map(toClaimedRun)
      .filter(({ fence }) => fence > 0);
    return { status: "new", claimed, stored: null };
  }
  if (row["message_id"] === null) return null;
  const stored = storedEvent(row);
  const claimed = rowsOf(row, "leased").map(toClaimedRun);
  if (claimed.length > 0) return { status: "unfinished", claimed, stored };
  if (!stored.runs.some((run) => run.status === "pending")) return { status: "finished", claimed, stored };
  const isLeased = rowsOf(row, "runs").some(
    (run) => textOf(run, "status") === "pending" && numberOf(run, "leased_until") > 0,
  );
  return { status: isLeased ? "leased" : "unfinished", claimed, stored };
}

function toEventInput(event: NewEvent, messageId: string) {
  return {
    message_id: messageId,
    type: toStoredTextOrNull(event.type),
    name: toStoredTextOrNull(event.name),
    user_id: toStoredTextOrNull(event.userId),
    anonymous_id: toStoredTextOrNull(event.anonymousId),
    occurred_at: event.occurredAt.getTime(),
    received_at: event.receivedAt.getTime(),
    payload: JSON.stringify(event.payload),
    decision: JSON.stringify(event.decision),
    reason: event.reason,
    base_status: event.status,
    runs: event.runs.length,
  };
}

const isOpen = `EXISTS (SELECT 1 FROM bellwire.runs r WHERE r.environment = t.environment AND r.source = t.source
  AND r.message_id = t.message_id AND r.status IN ('pending', 'held'))`;

const bare = `payload = NULL, decision = NULL, user_id = NULL, anonymous_id = NULL, pending_runs = 0,
  status = CASE t.status WHEN 'in_progress' THEN t.base_status ELSE t.status END`;

const purgeSql = `
WITH gone AS (
  DELETE FROM bellwire.events WHERE (environment, source, message_id) IN (
    SELECT environment, source, message_id FROM bellwire.events t
    WHERE received_at < ${nowMs} - $2::bigint AND NOT ${isOpen} ORDER BY 1, 2, 3 LIMIT $3::integer FOR UPDATE)
  RETURNING environment, source, message_id
), stale AS (
  SELECT environment, source, message_id FROM bellwire.events t
  WHERE received_at < ${nowMs} - $1::bigint AND received_at >= ${nowMs} - $2::bigint AND decision IS NOT NULL AND NOT ${isOpen}
  ORDER BY 1, 2, 3 LIMIT $3::integer FOR UPDATE
), stripped AS (
  UPDATE bellwire.events t SET ${bare} FROM stale
  WHERE t.environment = stale.environment AND t.source = stale.source AND t.message_id = stale.message_id RETURNING 1
), runs AS (
  DELETE FROM bellwire.runs r USING (SELECT * FROM gone UNION ALL SELECT * FROM stale) e
  WHERE r.environment = e.environment AND r.source = e.source AND r.message_id = e.message_id
), users AS (
  DELETE FROM bellwire.deleted_users WHERE deleted_at < ${nowMs} - $2::bigint
)
SELECT (SELECT count(*) FROM stripped) AS payloads, (SELECT count(*) FROM gone) AS events`;

const eraseSql = `
WITH theirs AS (
  SELECT environment, source, message_id FROM bellwire.events WHERE environment = $1 AND user_id = $2 ORDER BY 2, 3 FOR UPDATE
), runs AS (
  DELETE FROM bellwire.runs r USING theirs e
  WHERE r.environment = e.environment AND r.source = e.source AND r.message_id = e.message_id
)
UPDATE bellwire.events t SET ${bare} FROM theirs
WHERE t.environment = theirs.environment AND t.source = theirs.source AND t.message_id = theirs.message_id RETURNING 1 AS erased`;

function storedEvent(row: Row): EventRecord {
  return toEventRecord(row, rowsOf(row, "runs"));
}
