import { nowMs } from "./postgres-client.js";

const users = (parameter: string) => `(SELECT * FROM json_array_elements_text(${parameter}::text::json))`;

/**
 * What follows from runs that were `settled`. The event's own counter says when all its runs are done: rows that other processes
 * settle at this moment are not visible to this statement, but the event's row is read anew once its lock is free.
 */
export const finishSql = `), done AS (
  SELECT environment, source, message_id, count(*)::integer AS runs, bool_or(status IN ('failed', 'dead', 'uncertain')) AS has_failed
  FROM settled WHERE status <> 'pending' GROUP BY 1, 2, 3
), finished AS (
  UPDATE bellwire.events e SET pending_runs = e.pending_runs - d.runs, has_failed = e.has_failed OR d.has_failed,
    status = CASE WHEN e.pending_runs > d.runs THEN 'in_progress' WHEN e.has_failed OR d.has_failed THEN 'failed' ELSE e.base_status END
  FROM done d WHERE e.environment = d.environment AND e.source = d.source AND e.message_id = d.message_id
)`;

/** Runs of other sources become pending too, and are left to them. */
export const wakeSql = `
WITH waiting AS (
  SELECT idempotency_key FROM bellwire.runs WHERE environment = $1 AND waiting_for IN ${users("$2")} AND status = 'held'
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
  SELECT idempotency_key FROM bellwire.runs WHERE environment = $1 AND source = $2 AND waiting_for IN ${users("$3")}
    AND status = 'held' AND held_until <= ${nowMs}
  ORDER BY idempotency_key FOR UPDATE
), settled AS (
  UPDATE bellwire.runs r SET status = 'skipped' FROM locked WHERE r.idempotency_key = locked.idempotency_key AND r.status = 'held'
  RETURNING r.idempotency_key, r.environment, r.source, r.message_id, r.status
${finishSql}
SELECT idempotency_key FROM settled`;

/** Takes out the runs that wait or waited for a user; of the events they belong to, what names the user. */
export const forgetWaitingSql = `
WITH theirs AS (
  DELETE FROM bellwire.runs WHERE environment = $1 AND waiting_for = $2
  RETURNING environment, source, message_id, status IN ('pending', 'held') AS is_open
), events AS (
  SELECT environment, source, message_id, count(*) FILTER (WHERE is_open)::integer AS open FROM theirs GROUP BY 1, 2, 3
)
UPDATE bellwire.events e SET payload = NULL, decision = NULL, pending_runs = e.pending_runs - t.open,
  status = CASE WHEN e.status = 'in_progress' AND e.pending_runs <= t.open
    THEN CASE WHEN e.has_failed THEN 'failed' ELSE e.base_status END ELSE e.status END
FROM events t WHERE e.environment = t.environment AND e.source = t.source AND e.message_id = t.message_id RETURNING 1 AS erased`;
