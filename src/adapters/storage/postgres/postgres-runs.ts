import type { ClaimedRun, NewRun, RunStore } from "../../../storage/storage.js";
import { toClaimedRun, toExpiredHold, toRunRecord } from "../stored-records.js";
import { textOf } from "../stored-row.js";
import { toStoredText, toStoredTextOrNull } from "../stored-text.js";
import { nowMs, type Query } from "./postgres-client.js";
import { expiredSql, finishSql, skipSql, wakeSql } from "./postgres-holds.js";
import { pageOf } from "./postgres-page.js";

/** A planned run as `record` sends it. */
export function toRunInput(messageId: string, run: NewRun, position: number) {
  return {
    idempotency_key: run.idempotencyKey,
    message_id: messageId,
    position,
    trigger_key: toStoredText(run.trigger),
    workflow: toStoredText(run.workflow),
    action: run.action,
    request: run.request,
    waiting_for: run.hold === undefined ? null : toStoredText(run.hold.userId),
    hold_ms: run.hold?.forMs ?? null,
    hold_then: run.hold?.onExpiry ?? null,
  };
}

const claimSql = `
UPDATE bellwire.runs SET fence = fence + 1, owner = $3, leased_until = ${nowMs} + $4::bigint, first_claimed_at = coalesce(first_claimed_at, ${nowMs})
WHERE idempotency_key IN (
  SELECT idempotency_key FROM bellwire.runs
  WHERE environment = $1 AND source = $2 AND status = 'pending' AND leased_until <= ${nowMs} AND next_attempt_at <= ${nowMs}
  ORDER BY next_attempt_at LIMIT $5::integer FOR UPDATE SKIP LOCKED)
RETURNING *`;

/**
 * The event's own counter says when all its runs are done: rows that other processes settle at this moment are not visible to this
 * statement, but the event's row is read anew once its lock is free.
 */
const settleSql = `
WITH input AS (
  SELECT * FROM json_to_recordset($1::text::json)
  AS x(idempotency_key text, fence integer, status text, workflow_run_id text, error text, retry_in_ms bigint, duration_ms integer)
), locked AS (
  SELECT r.idempotency_key FROM bellwire.runs r JOIN input i USING (idempotency_key) ORDER BY r.idempotency_key FOR UPDATE OF r
), settled AS (
  UPDATE bellwire.runs r SET status = i.status, attempts = r.attempts + 1, leased_until = 0, workflow_run_id = i.workflow_run_id,
    error = i.error, duration_ms = i.duration_ms, next_attempt_at = coalesce(${nowMs} + i.retry_in_ms, 0)
  FROM input i JOIN locked USING (idempotency_key)
  WHERE r.idempotency_key = i.idempotency_key AND r.fence = i.fence AND r.status = 'pending'
  RETURNING r.idempotency_key, r.environment, r.source, r.message_id, r.status
${finishSql}
SELECT idempotency_key FROM settled`;

export function postgresRunStore(query: Query): RunStore {
  return {
    async claim({ environment, source, owner, leaseMs, limit }) {
      const rows = await query(claimSql, environment, source, owner, leaseMs, limit);
      return rows.map(toClaimedRun).sort((left, right) => dueAt(left) - dueAt(right));
    },
    async settle({ results }) {
      if (results.length === 0) return [];
      const input = results.map((result) => ({
        idempotency_key: result.idempotencyKey,
        fence: result.fence,
        status: result.status,
        workflow_run_id: toStoredTextOrNull(result.workflowRunId),
        error: toStoredTextOrNull(result.error),
        retry_in_ms: result.retryInMs,
        duration_ms: result.durationMs ?? null,
      }));
      const settled = new Set(
        (await query(settleSql, JSON.stringify(input))).map((row) => textOf(row, "idempotency_key")),
      );
      return results.map((result) => settled.has(result.idempotencyKey));
    },
    async release({ runs }) {
      const input = runs.map(({ idempotencyKey, fence }) => ({ idempotency_key: idempotencyKey, fence }));
      await query(
        `UPDATE bellwire.runs r SET leased_until = 0 FROM json_to_recordset($1::text::json) AS i(idempotency_key text, fence integer)
         WHERE r.idempotency_key = i.idempotency_key AND r.fence = i.fence`,
        JSON.stringify(input),
      );
    },
    async wake({ environment, source, userIds, owner, leaseMs }) {
      const ids = JSON.stringify(userIds.map(toStoredText));
      const rows = await query(wakeSql, environment, ids, source, owner, leaseMs);
      return leaseMs === null ? [] : rows.filter((row) => textOf(row, "source") === source).map(toClaimedRun);
    },
    async expired({ environment, source, limit }) {
      return (await query(expiredSql, environment, source, limit)).map(toExpiredHold);
    },
    async skip({ environment, source, userIds }) {
      return (await query(skipSql, environment, source, JSON.stringify(userIds.map(toStoredText)))).length;
    },
    async list({ environment, source, status, limit, cursor }) {
      return pageOf(query, {
        table: "bellwire.runs",
        key: "idempotency_key",
        filters: [
          ["environment =", environment],
          ["source =", source],
          ["status =", status],
        ],
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
