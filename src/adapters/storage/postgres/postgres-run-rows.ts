import {
  type ClaimedRun,
  type NewRun,
  type RunAction,
  type RunHold,
  type RunRecord,
  type RunStatus,
  runActions,
  runStatuses,
} from "../../../storage/storage.js";
import { fromStoredText, toStoredText } from "../stored-text.js";
import { dateOrNull, numberOf, type Row, textOf, textOrNull } from "./postgres-client.js";

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
    nextAttemptAt: numberOf(row, "next_attempt_at") === 0 ? null : dateOrNull(row, "next_attempt_at"),
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

export function toClaimedRun(row: Row): ClaimedRun {
  return { run: toRunRecord(row), fence: numberOf(row, "fence") };
}

export function toExpiredHold(row: Row): Pick<RunHold, "userId" | "onExpiry"> {
  const userId = fromStoredText(textOf(row, "waiting_for"));
  return { userId, onExpiry: textOf(row, "hold_then") === "create" ? "create" : "skip" };
}
