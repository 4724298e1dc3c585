import {
  type ClaimedRun,
  type NewRun,
  type RunAction,
  type RunRecord,
  type RunStatus,
  runActions,
  runStatuses,
} from "../../../storage/storage.js";
import { fromStoredText, toStoredText } from "../stored-text.js";
import { dateOrNull, numberOf, type Row, type SqliteSession, textOf, textOrNull } from "./sqlite-database.js";

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
  now: number,
): void {
  const { hold } = run;
  session.run(
    `INSERT INTO bellwire_runs (idempotency_key, event_id, position, environment, source, message_id, trigger_key, workflow, action, request,
       received_at, status, waiting_for, held_until, hold_then)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
    hold === undefined ? "pending" : "held",
    hold === undefined ? null : toStoredText(hold.userId),
    hold === undefined ? null : now + hold.forMs,
    hold === undefined ? null : hold.onExpiry,
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
  const waitingFor = textOrNull(row, "waiting_for");
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
    waitingFor: waitingFor === null ? null : fromStoredText(waitingFor),
    heldUntil: dateOrNull(row, "held_until"),
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

export function updateEventStatus(session: SqliteSession, eventId: number): void {
  session.run(
    `UPDATE bellwire_events SET status = CASE
       WHEN EXISTS (SELECT 1 FROM bellwire_runs WHERE event_id = bellwire_events.id AND status IN ('pending', 'held')) THEN 'in_progress'
       WHEN EXISTS (SELECT 1 FROM bellwire_runs WHERE event_id = bellwire_events.id AND status IN ('failed', 'dead', 'uncertain')) THEN 'failed'
       ELSE base_status END
     WHERE id = ?`,
    eventId,
  );
}
