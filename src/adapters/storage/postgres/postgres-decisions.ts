import { runDecisions } from "../../../storage/run-decision.js";
import type { DecideParams, DecideResult } from "../../../storage/run-store.js";
import { toClaimedRuns } from "../stored-records.js";
import { textOf } from "../stored-row.js";
import { nowMs, type Query, toArray } from "./postgres-client.js";

const anew = `, owner = $4, leased_until = coalesce(${nowMs} + $5::bigint, 0), next_attempt_at = 0,
    first_claimed_at = CASE WHEN $5::bigint IS NOT NULL THEN ${nowMs} END, attempts_before_retry = r.attempts`;

/** The event counts its failed runs, so that one that another process settles at this moment counts as well, whoever comes first. */
function decideSql(decision: DecideParams["decision"]): string {
  const { from, to } = runDecisions[decision];
  const statuses = `('${from.join("', '")}')`;
  return `
WITH locked AS (
  SELECT idempotency_key, status AS was FROM bellwire.runs
  WHERE environment = $1 AND source = $2 AND idempotency_key = ANY($3::text[]) AND status IN ${statuses}
  ORDER BY idempotency_key FOR UPDATE
), changed AS (
  UPDATE bellwire.runs r SET status = '${to}', fence = r.fence + 1${to === "pending" ? anew : ", leased_until = 0"}
  FROM locked WHERE r.idempotency_key = locked.idempotency_key AND r.status IN ${statuses}
  RETURNING r.*, locked.was
), followed AS (
  UPDATE bellwire.events e SET failed_runs = greatest(0, e.failed_runs - c.runs), reopened_at = ${nowMs},
    status = CASE WHEN e.failed_runs > c.runs OR e.base_status = 'failed' THEN 'failed' ELSE 'in_progress' END
  FROM (SELECT environment, source, message_id, count(*)::integer AS runs FROM changed
    WHERE was IN ('failed', 'dead', 'uncertain') GROUP BY 1, 2, 3) c
  WHERE e.environment = c.environment AND e.source = c.source AND e.message_id = c.message_id
)
SELECT * FROM changed`;
}

const sqlOf = { retry: decideSql("retry"), release: decideSql("release"), drop: decideSql("drop") };

export async function decide(query: Query, params: DecideParams): Promise<DecideResult> {
  const { environment, source, decision, idempotencyKeys, owner, leaseMs } = params;
  const isRevived = runDecisions[decision].to === "pending";
  const lease = isRevived ? [owner, leaseMs] : [];
  const rows = await query(sqlOf[decision], environment, source, toArray(idempotencyKeys), ...lease);
  return {
    changed: rows.map((row) => textOf(row, "idempotency_key")),
    claimed: isRevived && leaseMs !== null ? toClaimedRuns(rows) : [],
  };
}
