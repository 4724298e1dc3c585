import type { Logger } from "../core/logger.js";
import type { PayloadResult, TriggerOutcome } from "../outcome/outcome.js";
import type { RunRecord, RunResult } from "../storage/run-store.js";
import type { SourceScope } from "../storage/scope.js";

/** Logs an attempt that failed; nothing of one that succeeded. */
export function logFailedAttempt(logger: Logger, run: RunRecord, { status, error }: RunResult): void {
  if (error === null) return;
  const { source, environment, messageId, trigger, workflow, idempotencyKey } = run;
  const attempt = run.attempts + 1;
  const of = { source, environment, messageId, trigger, workflow, idempotencyKey, attempt, status, reason: error };
  if (status === "pending") logger.warn(of, "an attempt with a run failed; it will be repeated");
  else logger.error(of, "a run failed; it is not repeated unless somebody asks for it (runs.retry)");
}

/** Logs the triggers that failed before there was a run; why in words is in their outcome, which may quote the event. */
export function logFailedTriggers(logger: Logger, scope: SourceScope, { events }: PayloadResult): void {
  for (const { status, messageId, triggers } of events) {
    // An event of any other status has no trigger that failed.
    if (status !== "failed" && status !== "in_progress") continue;
    for (const outcome of triggers) if (hasFailedUnsent(outcome)) logFailedTrigger(logger, scope, messageId, outcome);
  }
}

function hasFailedUnsent({ status, runs }: TriggerOutcome): boolean {
  return status === "failed" && runs.length === 0;
}

function logFailedTrigger(
  logger: Logger,
  { source, environment }: SourceScope,
  messageId: string,
  { trigger, workflow, reason }: TriggerOutcome,
): void {
  const of = { source, environment, messageId, trigger, workflow, reason };
  logger.warn(of, "a trigger failed, so that it notified nobody; explain(messageId) tells more");
}
