import type { Clock } from "../core/clock.js";
import { createLimiter } from "../core/limiter.js";
import { createTimeLimit } from "../core/time-limit.js";
import type { RunContext, WorkflowRunner } from "../runner/runner.js";
import { classifyRunnerFailure, runnerError } from "../runner/runner-error.js";
import type { ClaimedRun, RunRecord, RunResult } from "../storage/storage.js";
import { backoffMs } from "./backoff.js";
import type { RunRequest } from "./freeze-plan.js";

export interface DispatcherOptions {
  readonly runner: WorkflowRunner;
  readonly clock: Clock;
  readonly runTimeoutMs: number;
  readonly concurrency: number;
  readonly maxAttempts: number;
  readonly random: () => number;
  /** Told of every attempt that ended. */
  readonly onAttempt: (run: RunRecord, result: RunResult, durationMs: number) => void;
}

/** Hands claimed runs to the runner. */
export interface Dispatcher {
  /**
   * Makes one attempt and never rejects. `request` spares parsing the frozen text.
   * `null`: no attempt was made, because the lease would have ended before the attempt could.
   */
  dispatch(claimed: ClaimedRun, leasedUntil: number, request: RunRequest | undefined): Promise<RunResult | null>;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { runner, clock, runTimeoutMs } = options;
  const limiter = createLimiter(options.concurrency);
  const timeLimit = createTimeLimit(clock, runTimeoutMs);
  const windowMs = runner.capabilities.idempotencyWindowMs;
  const onTimeout = () => runnerError("ambiguous", `The runner did not answer within ${runTimeoutMs} ms.`);

  const attempt = async (claimed: ClaimedRun, request: RunRequest): Promise<RunResult> => {
    const { run } = claimed;
    try {
      const started = await timeLimit.run((signal) => send(runner, run, request, signal), onTimeout);
      const status = request.action === "cancel" ? "canceled" : "triggered";
      return { ...keyOf(claimed), status, workflowRunId: started.workflowRunId, error: null, retryInMs: null };
    } catch (error) {
      return resultOfFailure(claimed, error, options);
    }
  };

  return {
    dispatch: (claimed, leasedUntil, request) =>
      limiter.run(async () => {
        const { run } = claimed;
        const startedAt = clock.now();
        // An attempt that outlives its lease could be made a second time by whoever claims the run next.
        if (startedAt + runTimeoutMs > leasedUntil) return null;
        const claimedForMs = run.firstClaimedAt === null ? 0 : startedAt - run.firstClaimedAt.getTime();
        const result =
          windowMs !== null && claimedForMs > windowMs
            ? uncertain(claimed, windowMs)
            : await attempt(claimed, request ?? JSON.parse(run.request));
        options.onAttempt(run, result, clock.now() - startedAt);
        return result;
      }),
  };
}

async function send(runner: WorkflowRunner, run: RunRecord, request: RunRequest, signal: AbortSignal) {
  const { idempotencyKey, environment, source, trigger, messageId } = run;
  const attempt = run.attempts + 1;
  const context: RunContext = { idempotencyKey, attempt, signal, environment, source, trigger, messageId };
  if (request.action === "trigger") {
    const started: { readonly workflowRunId?: unknown } | null | undefined = await runner.trigger(request, context);
    const id = started?.workflowRunId;
    return { workflowRunId: typeof id === "string" ? id : null };
  }
  if (runner.cancel === undefined) throw runnerError("permanent", "The runner can not cancel runs.");
  await runner.cancel(request, context);
  return { workflowRunId: null };
}

function keyOf({ run, fence }: ClaimedRun) {
  return { idempotencyKey: run.idempotencyKey, fence };
}

function uncertain(claimed: ClaimedRun, windowMs: number): RunResult {
  const error = `An earlier attempt may have succeeded, and the engine forgets idempotency keys after ${windowMs} ms; decide by hand.`;
  return { ...keyOf(claimed), status: "uncertain", workflowRunId: null, error, retryInMs: null };
}

function resultOfFailure(claimed: ClaimedRun, error: unknown, options: DispatcherOptions): RunResult {
  const failure = classifyRunnerFailure(error);
  const attempts = claimed.run.attempts + 1;
  const base = { ...keyOf(claimed), workflowRunId: null, error: failure.message };
  if (failure.kind === "permanent") return { ...base, status: "failed", retryInMs: null };
  if (attempts >= options.maxAttempts) return { ...base, status: "dead", retryInMs: null };
  return { ...base, status: "pending", retryInMs: backoffMs(attempts, failure.retryAfterMs, options.random) };
}
