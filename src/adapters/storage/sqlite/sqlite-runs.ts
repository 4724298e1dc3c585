import type { Clock } from "../../../core/clock.js";
import type { RunResult, RunStatus, RunStore } from "../../../storage/run-store.js";
import { toRunRecord } from "../stored-records.js";
import { numberOf } from "../stored-row.js";
import { toStoredTextOrNull } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";
import { decide } from "./sqlite-decisions.js";
import { expandRun } from "./sqlite-expand.js";
import { findExpired, skipHeld, wakeHeld } from "./sqlite-holds.js";
import { pageOf } from "./sqlite-page.js";
import { failEvent, hasKey, leaseFrom, leaseRun, openRunByKey } from "./sqlite-run-rows.js";

export function sqliteRunStore(session: SqliteSession, clock: Clock): RunStore {
  return {
    async claim({ environment, source, owner, leaseMs, limit }) {
      return session.transaction(() => {
        const now = clock.now();
        const due = session.all(
          `SELECT id FROM bellwire_runs
           WHERE environment = ? AND source = ? AND status = 'pending' AND leased_until <= ?
             AND (next_attempt_at IS NULL OR next_attempt_at <= ?)
           ORDER BY next_attempt_at LIMIT ?`,
          environment,
          source,
          now,
          now,
          limit,
        );
        const lease = leaseFrom(now, owner, leaseMs);
        return due.flatMap((row) => leaseRun(session, numberOf(row, "id"), lease) ?? []);
      });
    },
    async settle({ results }) {
      return session.transaction(() => {
        const now = clock.now();
        return results.map((result) => {
          const isSettled = settleOne(session, result, now);
          if (isSettled && isFailure(result.status)) failEvent(session, result.idempotencyKey);
          return isSettled;
        });
      });
    },
    async release({ runs }) {
      session.transaction(() => {
        for (const { idempotencyKey, fence } of runs) {
          session.run(
            `UPDATE ${openRunByKey} SET leased_until = 0 WHERE ${hasKey} AND fence = ?`,
            idempotencyKey,
            fence,
          );
        }
      });
    },
    wake: async (params) => session.transaction(() => wakeHeld(session, params, clock.now())),
    expired: async (params) => findExpired(session, params, clock.now()),
    skip: async (params) => session.transaction(() => skipHeld(session, params, clock.now())),
    expand: async (params) => session.transaction(() => expandRun(session, params, clock.now())),
    decide: async (params) => session.transaction(() => decide(session, params, clock.now())),
    async list({ environment, source, status, limit, cursor }) {
      return pageOf(session, {
        table: "bellwire_runs",
        key: "id",
        filters: [
          ["environment = ?", environment],
          ["source = ?", source],
          [statusCondition(status), status],
        ],
        // Those that are pending are few, wherever they are among all.
        ...(status === "pending" && { hint: "INDEXED BY bellwire_runs_due" }),
        limit,
        cursor,
        toItem: toRunRecord,
      });
    },
  };
}

function isFailure(status: RunResult["status"]): boolean {
  return status === "failed" || status === "dead" || status === "uncertain";
}

/** `false` where the lease was lost. */
function settleOne(session: SqliteSession, result: RunResult, now: number): boolean {
  const { changes } = session.run(
    `UPDATE ${openRunByKey} SET status = ?, attempts = attempts + 1, leased_until = 0, workflow_run_id = ?, error = ?, duration_ms = ?,
       next_attempt_at = ?
     WHERE ${hasKey} AND fence = ? AND status = 'pending'`,
    result.status,
    toStoredTextOrNull(result.workflowRunId),
    toStoredTextOrNull(result.error),
    result.durationMs ?? null,
    result.retryInMs === null ? null : now + result.retryInMs,
    result.idempotencyKey,
    result.fence,
  );
  return changes > 0;
}

/** Those that a person may have to look at have an index, and so have the pending ones; the others are most of all. */
function statusCondition(status: RunStatus | undefined): string {
  if (status === "pending") return "status = 'pending' AND status = ?";
  return status === "triggered" ? "status = ?" : "status NOT IN ('pending', 'triggered') AND status = ?";
}
