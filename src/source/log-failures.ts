import type { Logger } from "../core/logger.js";
import type { EventOutcome, PayloadResult, TriggerOutcome } from "../outcome/outcome.js";
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

/**
 * Logs what is no event, once a payload, and the triggers that failed before there was a run; why in words is in the outcome, which may
 * quote the event.
 */
export function logFailures(logger: Logger, scope: SourceScope, { events }: PayloadResult): void {
  const invalid = events.filter(({ status }) => status === "invalid");
  const [first] = invalid;
  if (first !== undefined) logInvalid(logger, scope, first, invalid.length);
  for (const { status, messageId, triggers } of events) {
    // An event of any other status has no trigger that failed.
    if (status !== "failed" && status !== "in_progress") continue;
    for (const outcome of triggers) if (hasFailedUnsent(outcome)) logFailedTrigger(logger, scope, messageId, outcome);
  }
}

function logInvalid(
  logger: Logger,
  { source, environment }: SourceScope,
  { messageId, reason }: EventOutcome,
  count: number,
): void {
  const of = { source, environment, messageId, reason, count };
  logger.warn(of, "a payload holds invalid events, of which this is the first; explain(messageId) tells more");
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
