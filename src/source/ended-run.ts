import { BellwireError } from "../core/errors.js";
import { capabilitiesOf, type StartedRun, type WorkflowRunner } from "../runner/runner.js";
import { classifyRunnerFailure } from "../runner/runner-error.js";
import type { ClaimedRun, RunRecord, RunResult } from "../storage/run-store.js";
import { backoffMs, longestBackoffMs } from "./backoff.js";

/** What an attempt with one run ended in. */
export type EndedRun = Pick<RunResult, "status" | "workflowRunId" | "error" | "retryInMs">;

export interface RetryOptions {
  readonly maxAttempts: number;
  readonly random: () => number;
}

/**
 * What a run ends in whose earlier attempt may have succeeded, and whose key the engine may have forgotten by now. How long ago it was
 * first claimed is reckoned from the end of its lease: the storage's clock says both, and may be far from the local one.
 *
 * @param leftMs how much of the lease is left, at the least
 */
export function endOfWindow(
  { run, leasedUntil }: ClaimedRun,
  leftMs: number,
  { runner, leaseMs }: { readonly runner: WorkflowRunner; readonly leaseMs: number },
): EndedRun | null {
  // Users are the same however often they are sent.
  if (run.action === "identify" || run.firstClaimedAt === null) return null;
  const { idempotencyWindowMs } = capabilitiesOf(runner, run.workflow);
  if (idempotencyWindowMs === null) return null;
  const sinceFirstClaimMs = leasedUntil.getTime() - leftMs - run.firstClaimedAt.getTime();
  if (sinceFirstClaimMs <= idempotencyWindowMs) return null;
  // Nobody had it before this lease: it waited here and was never sent.
  if (run.firstClaimedAt.getTime() >= leasedUntil.getTime() - leaseMs) return null;
  const error =
    "An earlier attempt may have succeeded, and the engine has forgotten its idempotency key by now; decide by hand.";
  return { status: "uncertain", workflowRunId: null, error, retryInMs: null };
}

/**
 * Whether the engine asked to be left alone for longer. A redelivery tries again at once what only our own pauses put off; what is put
 * off further than these reach was put off by the engine. By the storage's clock, as above.
 */
export function isPutOff({ run, leasedUntil }: ClaimedRun, leftMs: number): boolean {
  if (run.nextAttemptAt === null) return false;
  const waitMs = run.nextAttemptAt.getTime() - (leasedUntil.getTime() - leftMs);
  return waitMs > longestBackoffMs(Math.max(1, run.attempts - run.attemptsBeforeRetry));
}

export function endOfAnswer(run: RunRecord, answer: unknown, options: RetryOptions): EndedRun {
  if (answer instanceof Error || BellwireError.is(answer)) return endOfFailure(run, answer, options);
  // Runners are written by others: what they answer with is not trusted to be what it should.
  const started: Partial<StartedRun> = typeof answer === "object" && answer !== null ? answer : {};
  const workflowRunId = typeof started.workflowRunId === "string" ? started.workflowRunId : null;
  const status = run.action === "cancel" ? "canceled" : "triggered";
  return { status, workflowRunId, error: null, retryInMs: null };
}

export function endOfFailure(run: RunRecord, error: unknown, { maxAttempts, random }: RetryOptions): EndedRun {
  const failure = classifyRunnerFailure(error);
  // Attempts before somebody asked for another one do not count against it.
  const attempts = run.attempts - run.attemptsBeforeRetry + 1;
  const base = { workflowRunId: null, error: failure.message };
  if (failure.kind === "permanent") return { ...base, status: "failed", retryInMs: null };
  if (attempts >= maxAttempts) return { ...base, status: "dead", retryInMs: null };
  return { ...base, status: "pending", retryInMs: backoffMs(attempts, failure.retryAfterMs, random) };
}
