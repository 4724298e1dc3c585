import type { ClaimedRun, RunResult, RunStatus, RunStore } from "../../../storage/run-store.js";
import { toClaimedRun, toExpiredHold, toRunRecord } from "../stored-records.js";
import { textOf } from "../stored-row.js";
import { toStoredText, toStoredTextOrNull } from "../stored-text.js";
import { nowMs, type Query, toArray } from "./postgres-client.js";
import { decide } from "./postgres-decisions.js";
import { expandRun } from "./postgres-expand.js";
import { expiredSql, skipSql, wakeSql } from "./postgres-holds.js";
import { pageOf } from "./postgres-page.js";

const claimSql = `
UPDATE bellwire.runs SET fence = fence + 1, owner = $3, leased_until = ${nowMs} + $4::bigint, first_claimed_at = coalesce(first_claimed_at, ${nowMs})
WHERE idempotency_key IN (
  SELECT idempotency_key FROM bellwire.runs
  WHERE environment = $1 AND source = $2 AND status = 'pending' AND leased_until <= ${nowMs} AND next_attempt_at <= ${nowMs}
  ORDER BY next_attempt_at LIMIT $5::integer FOR UPDATE SKIP LOCKED)
RETURNING *`;

/** The rows stand in the order of their keys. */
const settleSql = `
WITH input AS (
  SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::integer[])
  AS x(idempotency_key, fence, status, workflow_run_id, error, retry_in_ms, duration_ms)
), settled AS (
  UPDATE bellwire.runs r SET status = i.status, attempts = r.attempts + 1, leased_until = 0, workflow_run_id = i.workflow_run_id,
    error = i.error, duration_ms = i.duration_ms, next_attempt_at = coalesce(${nowMs} + i.retry_in_ms, 0)
  FROM input i WHERE r.idempotency_key = i.idempotency_key AND r.fence = i.fence AND r.status = 'pending'
  RETURNING r.idempotency_key, r.environment, r.source, r.message_id, r.status
), failed AS (
  UPDATE bellwire.events e SET status = 'failed', failed_runs = e.failed_runs + f.runs
  FROM (SELECT environment, source, message_id, count(*)::integer AS runs FROM settled
    WHERE status IN ('failed', 'dead', 'uncertain') GROUP BY 1, 2, 3) f
  WHERE e.environment = f.environment AND e.source = f.source AND e.message_id = f.message_id
)
SELECT idempotency_key FROM settled`;

export function postgresRunStore(query: Query): RunStore {
  return {
    async claim({ environment, source, owner, leaseMs, limit }) {
      const rows = await query(claimSql, environment, source, owner, leaseMs, limit);
      return rows.map(toClaimedRun).sort((left, right) => dueAt(left) - dueAt(right));
    },
    async settle({ results }) {
      if (results.length === 0) return [];
      const sorted = results.toSorted((left, right) => (left.idempotencyKey < right.idempotencyKey ? -1 : 1));
      const column = (value: (result: RunResult) => string | number | null) => toArray(sorted.map(value));
      const rows = await query(
        settleSql,
        column((result) => result.idempotencyKey),
        column((result) => result.fence),
        column((result) => result.status),
        column((result) => toStoredTextOrNull(result.workflowRunId)),
        column((result) => toStoredTextOrNull(result.error)),
        column((result) => result.retryInMs),
        column((result) => result.durationMs ?? null),
      );
      const settled = new Set(rows.map((row) => textOf(row, "idempotency_key")));
      return results.map((result) => settled.has(result.idempotencyKey));
    },
    async release({ runs }) {
      await query(
        `UPDATE bellwire.runs r SET leased_until = 0 FROM unnest($1::text[], $2::integer[]) AS i(idempotency_key, fence)
         WHERE r.idempotency_key = i.idempotency_key AND r.fence = i.fence`,
        toArray(runs.map(({ idempotencyKey }) => idempotencyKey)),
        toArray(runs.map(({ fence }) => fence)),
      );
    },
    async wake({ environment, source, userIds, owner, leaseMs }) {
      const ids = toArray(userIds.map(toStoredText));
      const rows = await query(wakeSql, environment, ids, source, owner, leaseMs);
      return leaseMs === null ? [] : rows.filter((row) => textOf(row, "source") === source).map(toClaimedRun);
    },
    async expired({ environment, source, limit }) {
      return (await query(expiredSql, environment, source, limit)).map(toExpiredHold);
    },
    async skip({ environment, source, userIds }) {
      return (await query(skipSql, environment, source, toArray(userIds.map(toStoredText)))).length;
    },
    expand: (params) => expandRun(query, params),
    decide: (params) => decide(query, params),
    async list({ environment, source, status, limit, cursor }) {
      return pageOf(query, {
        table: "bellwire.runs",
        key: "idempotency_key",
        filters: [
          ["environment =", environment],
          ["source =", source],
          [statusComparison(status), status],
        ],
        primaryKey: "idempotency_key",
        limit,
        cursor,
        toItem: toRunRecord,
      });
    },
  };
}

function dueAt({ run }: ClaimedRun): number {
  return run.nextAttemptAt?.getTime() ?? 0;
}

/** Those that a person may have to look at have an index, and so have the pending ones; the others are most of all. */
function statusComparison(status: RunStatus | undefined): string {
  if (status === "pending") return "status = 'pending' AND status =";
  return status === "triggered" ? "status =" : "status NOT IN ('pending', 'triggered') AND status =";
}
