import {
  type ClaimedRun,
  type NewRun,
  type RunAction,
  type RunRecord,
  type RunStatus,
  type RunStore,
  runActions,
  runStatuses,
} from "../../../storage/storage.js";
import { fromStoredText, toStoredText, toStoredTextOrNull } from "../stored-text.js";
import { dateOrNull, nowMs, numberOf, type Query, type Row, textOf, textOrNull } from "./postgres-client.js";
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
  };
}

export function toRunRecord(row: Row): RunRecord {
  const runId = textOrNull(row, "workflow_run_id");
  const error = textOrNull(row, "error");
  return {
    environment: textOf(row, "environment"),
    source: textOf(row, "source"),
    messageId: fromStoredText(textOf(row, "message_id")),
    idempotencyKey: textOf(row, "idempotency_key"),
    trigger: fromStoredText(textOf(row, "trigger_key")),
    workflow: fromStoredText(textOf(row, "workflow")),
    action: toRunAction(textOf(row, "action")),
    request: textOf(row, "request"),
    status: toRunStatus(textOf(row, "status")),
    attempts: numberOf(row, "attempts"),
    firstClaimedAt: dateOrNull(row, "first_claimed_at"),
    nextAttemptAt: numberOf(row, "next_attempt_at") === 0 ? null : dateOrNull(row, "next_attempt_at"),
    workflowRunId: runId === null ? null : fromStoredText(runId),
    error: error === null ? null : fromStoredText(error),
  };
}

function toRunAction(text: string): RunAction {
  return runActions.find((action) => action === text) ?? "trigger";
}

function toRunStatus(text: string): RunStatus {
  return runStatuses.find((status) => status === text) ?? "pending";
}

export function toClaimedRun(row: Row): ClaimedRun {
  return { run: toRunRecord(row), fence: numberOf(row, "fence") };
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
  AS x(idempotency_key text, fence integer, status text, workflow_run_id text, error text, retry_in_ms bigint)
), locked AS (
  SELECT r.idempotency_key FROM bellwire.runs r JOIN input i USING (idempotency_key) ORDER BY r.idempotency_key FOR UPDATE OF r
), settled AS (
  UPDATE bellwire.runs r SET status = i.status, attempts = r.attempts + 1, leased_until = 0, workflow_run_id = i.workflow_run_id,
    error = i.error, next_attempt_at = coalesce(${nowMs} + i.retry_in_ms, 0)
  FROM input i JOIN locked USING (idempotency_key)
  WHERE r.idempotency_key = i.idempotency_key AND r.fence = i.fence AND r.status = 'pending'
  RETURNING r.idempotency_key, r.environment, r.source, r.message_id, r.status
), done AS (
  SELECT environment, source, message_id, count(*)::integer AS runs, bool_or(status IN ('failed', 'dead', 'uncertain')) AS has_failed
  FROM settled WHERE status <> 'pending' GROUP BY 1, 2, 3
), finished AS (
  UPDATE bellwire.events e SET pending_runs = e.pending_runs - d.runs, has_failed = e.has_failed OR d.has_failed,
    status = CASE WHEN e.pending_runs > d.runs THEN 'in_progress' WHEN e.has_failed OR d.has_failed THEN 'failed' ELSE e.base_status END
  FROM done d WHERE e.environment = d.environment AND e.source = d.source AND e.message_id = d.message_id
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
      const input = results.map((result) => ({
        idempotency_key: result.idempotencyKey,
        fence: result.fence,
        status: result.status,
        workflow_run_id: toStoredTextOrNull(result.workflowRunId),
        error: toStoredTextOrNull(result.error),
        retry_in_ms: result.retryInMs,
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
