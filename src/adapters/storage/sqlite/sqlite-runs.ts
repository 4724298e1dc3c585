import type { Clock } from "../../../core/clock.js";
import type { RunStore } from "../../../storage/storage.js";
import {
  type ClaimedRun,
  type NewRun,
  type RunAction,
  type RunRecord,
  type RunResult,
  type RunStatus,
  runActions,
  runStatuses,
} from "../../../storage/storage.js";
import { fromStoredText, toStoredText, toStoredTextOrNull } from "../stored-text.js";
import { dateOrNull, numberOf, type Row, type SqliteSession, textOf, textOrNull } from "./sqlite-database.js";
import { pageOf } from "./sqlite-page.js";

/** Where a run belongs; the event's texts are in their stored form already. */
export interface RunOwner {
  readonly eventId: number;
  readonly environment: string;
  readonly source: string;
  readonly messageId: string;
  readonly receivedAt: number;
}

export function insertRun(
  session: SqliteSession,
  { eventId, ...event }: RunOwner,
  run: NewRun,
  position: number,
): void {
  session.run(
    `INSERT INTO bellwire_runs (idempotency_key, event_id, position, environment, source, message_id, trigger_key, workflow, action, request, received_at, status)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')`,
    run.idempotencyKey,
    eventId,
    position,
    event.environment,
    event.source,
    event.messageId,
    toStoredText(run.trigger),
    toStoredText(run.workflow),
    run.action,
    run.request,
    event.receivedAt,
  );
}

export function runsOfEvent(session: SqliteSession, eventId: number): readonly Row[] {
  return session.all("SELECT * FROM bellwire_runs WHERE event_id = ? ORDER BY position", eventId);
}

/** Leases one run; its fence grows, so that whoever had it before can no longer settle it. */
export function leaseRun(
  session: SqliteSession,
  key: string,
  lease: { readonly owner: string; readonly now: number; readonly until: number },
): ClaimedRun | null {
  const [row] = session.all(
    `UPDATE bellwire_runs SET fence = fence + 1, owner = ?, leased_until = ?, first_claimed_at = coalesce(first_claimed_at, ?)
     WHERE idempotency_key = ? RETURNING *`,
    lease.owner,
    lease.until,
    lease.now,
    key,
  );
  return row === undefined ? null : { run: toRunRecord(row), fence: numberOf(row, "fence") };
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
    nextAttemptAt: dateOrNull(row, "next_attempt_at"),
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

export function sqliteRunStore(session: SqliteSession, clock: Clock): RunStore {
  return {
    async claim({ environment, source, owner, leaseMs, limit }) {
      return session.transaction(() => {
        const now = clock.now();
        const due = session.all(
          `SELECT idempotency_key FROM bellwire_runs
           WHERE environment = ? AND source = ? AND status = 'pending' AND leased_until <= ? AND coalesce(next_attempt_at, 0) <= ?
           ORDER BY coalesce(next_attempt_at, 0) LIMIT ?`,
          environment,
          source,
          now,
          now,
          limit,
        );
        return due.flatMap(
          (row) => leaseRun(session, textOf(row, "idempotency_key"), { owner, now, until: now + leaseMs }) ?? [],
        );
      });
    },
    async settle({ results }) {
      return session.transaction(() => {
        const settled = results.map((result) => settleOne(session, result, clock.now()));
        for (const eventId of new Set(settled)) {
          if (eventId !== null) updateEventStatus(session, eventId);
        }
        return settled.map((eventId) => eventId !== null);
      });
    },
    async release({ runs }) {
      session.transaction(() => {
        for (const { idempotencyKey, fence } of runs) {
          session.run(
            "UPDATE bellwire_runs SET leased_until = 0 WHERE idempotency_key = ? AND fence = ?",
            idempotencyKey,
            fence,
          );
        }
      });
    },
    async list({ environment, source, status, limit, cursor }) {
      return pageOf(session, {
        table: "bellwire_runs",
        key: "idempotency_key",
        filters: [
          ["environment = ?", environment],
          ["source = ?", source],
          ["status = ?", status],
        ],
        limit,
        cursor,
        toItem: toRunRecord,
      });
    },
  };
}

/** The event of the run, or `null` where the lease was lost. */
function settleOne(session: SqliteSession, result: RunResult, now: number): number | null {
  const [row] = session.all(
    `UPDATE bellwire_runs SET status = ?, attempts = attempts + 1, leased_until = 0, workflow_run_id = ?, error = ?, next_attempt_at = ?
     WHERE idempotency_key = ? AND fence = ? AND status = 'pending' RETURNING event_id`,
    result.status,
    toStoredTextOrNull(result.workflowRunId),
    toStoredTextOrNull(result.error),
    result.retryInMs === null ? null : now + result.retryInMs,
    result.idempotencyKey,
    result.fence,
  );
  return row === undefined ? null : numberOf(row, "event_id");
}

function updateEventStatus(session: SqliteSession, eventId: number): void {
  session.run(
    `UPDATE bellwire_events SET status = CASE
       WHEN EXISTS (SELECT 1 FROM bellwire_runs WHERE event_id = bellwire_events.id AND status = 'pending') THEN 'in_progress'
       WHEN EXISTS (SELECT 1 FROM bellwire_runs WHERE event_id = bellwire_events.id AND status IN ('failed', 'dead', 'uncertain')) THEN 'failed'
       ELSE base_status END
     WHERE id = ?`,
    eventId,
  );
}
