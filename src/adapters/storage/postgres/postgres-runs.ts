import type { ClaimedRun, RunStatus, RunStore } from "../../../storage/run-store.js";
import { toClaimedRuns, toExpiredHold, toRunRecord } from "../stored-records.js";
import { textOf } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import { nowMs, type Query, toArray } from "./postgres-client.js";
import { decide } from "./postgres-decisions.js";
import { expandRun } from "./postgres-expand.js";
import { expiredSql, skipSql, wakeSql } from "./postgres-holds.js";
import { pageOf } from "./postgres-page.js";
import { settle } from "./postgres-settle.js";

/** Materialized: inside a loop that the planner may make, the subquery would be asked again for each row, and find other rows each time. */
const claimSql = `
WITH due AS MATERIALIZED (
  SELECT idempotency_key FROM bellwire.runs
  WHERE environment = $1 AND source = $2 AND status = 'pending' AND leased_until <= ${nowMs} AND next_attempt_at <= ${nowMs}
  ORDER BY next_attempt_at LIMIT $5::integer FOR UPDATE SKIP LOCKED
)
UPDATE bellwire.runs r SET fence = r.fence + 1, owner = $3, leased_until = ${nowMs} + $4::bigint,
  first_claimed_at = coalesce(r.first_claimed_at, ${nowMs})
FROM due WHERE r.idempotency_key = due.idempotency_key
RETURNING r.*`;

export function postgresRunStore(query: Query): RunStore {
  return {
    async claim({ environment, source, owner, leaseMs, limit }) {
      const rows = await query(claimSql, environment, source, owner, leaseMs, limit);
      return toClaimedRuns(rows).toSorted((left, right) => dueAt(left) - dueAt(right));
    },
    settle: ({ results }) => settle(query, results),
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
      return leaseMs === null ? [] : toClaimedRuns(rows.filter((row) => textOf(row, "source") === source));
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
