import type { ClaimedRun, ExpandParams } from "../../../storage/run-store.js";
import { toClaimedRun } from "../stored-records.js";
import { toStoredText } from "../stored-text.js";
import { nowMs, type Query, rowsOf } from "./postgres-client.js";

/** The event's own row stays as it is: as long as one of its runs is open, so is the event. */
const expandSql = `
WITH made_by AS (
  UPDATE bellwire.runs SET progress = $3, owner = $4, leased_until = ${nowMs} + $5::bigint
  WHERE idempotency_key = $1 AND fence = $2::integer AND status = 'pending'
  RETURNING idempotency_key, environment, source, message_id, received_at
), added AS (
  INSERT INTO bellwire.runs (idempotency_key, environment, source, message_id, position, trigger_key, workflow, action, request,
    received_at, status, fence, owner, leased_until, first_claimed_at, waiting_for, held_until, hold_then, parent)
  SELECT x.idempotency_key, m.environment, m.source, m.message_id, x.position, x.trigger_key, x.workflow, x.action, x.request,
    m.received_at, CASE WHEN x.waiting_for IS NULL THEN 'pending' ELSE 'held' END,
    CASE WHEN x.waiting_for IS NULL THEN 1 ELSE 0 END, $4,
    CASE WHEN x.waiting_for IS NULL THEN ${nowMs} + $5::bigint ELSE 0 END,
    CASE WHEN x.waiting_for IS NULL THEN ${nowMs} END, x.waiting_for, ${nowMs} + x.hold_ms, x.hold_then, m.idempotency_key
  FROM json_to_recordset($6::text::json) AS x(idempotency_key text, position integer, trigger_key text, workflow text,
    action text, request text, waiting_for text, hold_ms bigint, hold_then text), made_by m ORDER BY x.idempotency_key
  RETURNING *
)
SELECT (SELECT json_agg(a ORDER BY a.position) FROM added a) AS added FROM made_by`;

export async function expandRun(
  query: Query,
  { idempotencyKey, fence, progress, runs, owner, leaseMs }: ExpandParams,
): Promise<readonly ClaimedRun[] | null> {
  const input = runs.map((run, position) => ({
    idempotency_key: run.idempotencyKey,
    position,
    trigger_key: toStoredText(run.trigger),
    workflow: toStoredText(run.workflow),
    action: run.action,
    request: run.request,
    waiting_for: run.hold === undefined ? null : toStoredText(run.hold.userId),
    hold_ms: run.hold?.forMs ?? null,
    hold_then: run.hold?.onExpiry ?? null,
  }));
  const [row] = await query(expandSql, idempotencyKey, fence, progress, owner, leaseMs, JSON.stringify(input));
  if (row === undefined) return null;
  return rowsOf(row, "added")
    .map(toClaimedRun)
    .filter((claimed) => claimed.fence > 0);
}
