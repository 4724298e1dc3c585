import type { JsonValue } from "../core/json.js";
import type { RecordedEvent } from "../source/segment-source.js";
import type { RunRecord } from "../storage/run-store.js";
import { maskedError, maskId, maskJson, maskOutcome, maskPayload } from "./masking.js";
import type { EventRow, EventView, RunView } from "./protocol.js";

/** @param reveal whether the reader may see personal data */
export function toEventRow({ record, outcome }: RecordedEvent, reveal: boolean): EventRow {
  return {
    messageId: record.messageId,
    type: record.type,
    name: record.name,
    userId: shownId(record.userId, reveal),
    receivedAt: record.receivedAt.toISOString(),
    status: outcome.status,
    reason: outcome.reason ?? null,
    triggers: outcome.triggers.map(({ trigger, status, reason, recipients }) => ({
      trigger,
      status,
      reason: reason ?? null,
      recipients: recipients.filter((one) => one.status !== "skipped").length,
    })),
  };
}

export function toEventView(recorded: RecordedEvent, reveal: boolean): EventView {
  const { record, outcome } = recorded;
  return {
    row: toEventRow(recorded, reveal),
    anonymousId: shownId(record.anonymousId, reveal),
    occurredAt: record.occurredAt.toISOString(),
    payload: reveal ? record.payload : maskPayload(record.payload),
    outcome: reveal ? outcome : maskOutcome(outcome),
    runs: record.runs.map((run) => toRunView(run, reveal)),
  };
}

export function toRunView(run: RunRecord, reveal: boolean): RunView {
  const request = parse(run.request);
  return {
    idempotencyKey: run.idempotencyKey,
    messageId: run.messageId,
    trigger: run.trigger,
    workflow: run.workflow,
    action: run.action,
    status: run.status,
    attempts: run.attempts,
    nextAttemptAt: run.nextAttemptAt?.toISOString() ?? null,
    waitingFor: shownId(run.waitingFor, reveal),
    heldUntil: run.heldUntil?.toISOString() ?? null,
    workflowRunId: run.workflowRunId,
    error: shownError(run.error, reveal),
    request: reveal ? request : maskJson(request),
  };
}

export function shownId(id: string | null, reveal: boolean): string | null {
  return id === null || reveal ? id : maskId(id);
}

/** Whatever a runner threw, which may name somebody. */
function shownError(error: string | null, reveal: boolean): string | null {
  return error === null || reveal ? error : maskedError;
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
