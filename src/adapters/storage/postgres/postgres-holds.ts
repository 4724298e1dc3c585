import { emptyDecision } from "../stored-records.js";
import { nowMs } from "./postgres-client.js";

/** Runs of other sources become pending too, and are left to them. */
export const wakeSql = `
WITH known AS (
  SELECT unnest($2::text[]) AS id UNION
  SELECT m.id FROM bellwire.merged_users m WHERE m.environment = $1 AND m.merged_into = ANY($2::text[])
), waiting AS (
  SELECT idempotency_key FROM bellwire.runs WHERE environment = $1 AND waiting_for IN (SELECT id FROM known) AND status = 'held'
  ORDER BY idempotency_key FOR UPDATE
)
UPDATE bellwire.runs r SET status = 'pending', owner = $4,
  fence = CASE WHEN r.source = $3 AND $5::bigint IS NOT NULL THEN r.fence + 1 ELSE r.fence END,
  leased_until = CASE WHEN r.source = $3 THEN coalesce(${nowMs} + $5::bigint, 0) ELSE 0 END,
  first_claimed_at = CASE WHEN r.source = $3 AND $5::bigint IS NOT NULL THEN ${nowMs} END
FROM waiting WHERE r.idempotency_key = waiting.idempotency_key AND r.status = 'held'
RETURNING r.*`;

export const expiredSql = `
SELECT waiting_for, hold_then FROM bellwire.runs
WHERE environment = $1 AND source = $2 AND status = 'held' AND held_until <= ${nowMs} ORDER BY held_until LIMIT $3::integer`;

export const skipSql = `
WITH locked AS (
  SELECT idempotency_key FROM bellwire.runs WHERE environment = $1 AND source = $2 AND waiting_for = ANY($3::text[])
    AND status = 'held' AND held_until <= ${nowMs}
  ORDER BY idempotency_key FOR UPDATE
)
UPDATE bellwire.runs r SET status = 'skipped' FROM locked WHERE r.idempotency_key = locked.idempotency_key AND r.status = 'held'
RETURNING r.idempotency_key`;

/** Takes out the runs that wait or waited for a user; of the events they belong to, what names the user. */
export const forgetWaitingSql = `
WITH theirs AS (
  DELETE FROM bellwire.runs r USING bellwire.events e WHERE r.environment = $1 AND r.waiting_for = $2
    AND e.environment = r.environment AND e.source = r.source AND e.message_id = r.message_id
    AND least(e.occurred_at, e.received_at) <= $3::bigint RETURNING r.environment, r.source, r.message_id
)
UPDATE bellwire.events e SET payload = NULL, decision = '${emptyDecision}'
FROM (SELECT DISTINCT environment, source, message_id FROM theirs) t
WHERE e.environment = t.environment AND e.source = t.source AND e.message_id = t.message_id RETURNING 1 AS erased`;
