import type { Clock } from "../core/clock.js";
import { BellwireError } from "../core/errors.js";
import { createLimiter } from "../core/limiter.js";
import { createTimeLimit } from "../core/time-limit.js";
import { capabilitiesOf, type StartedRun, type WorkflowRunner } from "../runner/runner.js";
import { classifyRunnerFailure, runnerError } from "../runner/runner-error.js";
import type { ClaimedRun, RunRecord, RunResult } from "../storage/run-store.js";
import { backoffMs } from "./backoff.js";
import type { RunRequest } from "./run-request.js";
import { type SendRunsOptions, sendRuns } from "./send-runs.js";

export interface DispatcherOptions {
  readonly runner: WorkflowRunner;
  readonly findUsers: SendRunsOptions["findUsers"];
  readonly clock: Clock;
  readonly runTimeoutMs: number;
  readonly concurrency: number;
  readonly maxAttempts: number;
  readonly random: () => number;
  /** Told of every attempt that ended. */
  readonly onAttempt: (run: RunRecord, result: RunResult) => void;
}

/** Hands claimed runs to the runner. */
export interface Dispatcher {
  /**
   * Makes one attempt with each run of a group, with one call, and never rejects. `requests` spares parsing the frozen texts.
   * `null`: no attempt was made, because the lease would have ended before the attempt could.
   */
  dispatch(
    group: readonly ClaimedRun[],
    leasedUntil: number,
    requests: ReadonlyMap<string, RunRequest>,
  ): Promise<readonly RunResult[] | null>;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { clock, runTimeoutMs, runner, findUsers } = options;
  const limiter = createLimiter(options.concurrency);
  const timeLimit = createTimeLimit(clock, runTimeoutMs);
  const onTimeout = () => runnerError("ambiguous", `The runner did not answer within ${runTimeoutMs} ms.`);

  const attempt = async (
    group: readonly ClaimedRun[],
    requests: ReadonlyMap<string, RunRequest>,
  ): Promise<readonly RunResult[]> => {
    const startedAt = clock.now();
    const elapsed = () => Math.max(0, Math.round(clock.now() - startedAt));
    try {
      const runs = group.map(({ run }) => ({
        run,
        request: requests.get(run.idempotencyKey) ?? JSON.parse(run.request),
      }));
      const answers = await timeLimit.run((signal) => sendRuns(runs, { runner, findUsers, signal }), onTimeout);
      const durationMs = elapsed();
      return group.map((claimed, index) => toResult(claimed, answers[index], durationMs, options));
    } catch (error) {
      const durationMs = elapsed();
      return group.map((claimed) => resultOfFailure(claimed, error, durationMs, options));
    }
  };

  const dispatch = async (
    group: readonly ClaimedRun[],
    leasedUntil: number,
    requests: ReadonlyMap<string, RunRequest>,
  ): Promise<readonly RunResult[] | null> => {
    const now = clock.now();
    // An attempt that outlives its lease could be made a second time by whoever claims the run next.
    if (now + runTimeoutMs > leasedUntil) return null;
    const due = group.filter((claimed) => !isTooLate(claimed, now, options));
    const attempted = due.length === 0 ? [] : await attempt(due, requests);
    const late = due.length === group.length ? [] : group.filter((claimed) => !due.includes(claimed));
    const results = late.length === 0 ? attempted : [...late.map(toUncertain), ...attempted];
    for (const [index, { run }] of (late.length === 0 ? group : [...late, ...due]).entries()) {
      const result = results[index];
      if (result !== undefined) options.onAttempt(run, result);
    }
    return results;
  };

  return { dispatch: (group, leasedUntil, requests) => limiter.run(() => dispatch(group, leasedUntil, requests)) };
}

/** Whether an earlier attempt may have succeeded, and the engine may have forgotten the run's key by now. */
function isTooLate({ run }: ClaimedRun, now: number, { runner }: DispatcherOptions): boolean {
  // Users are the same however often they are sent.
  if (run.action === "identify" || run.firstClaimedAt === null) return false;
  const { idempotencyWindowMs } = capabilitiesOf(runner, run.workflow);
  return idempotencyWindowMs !== null && now - run.firstClaimedAt.getTime() > idempotencyWindowMs;
}

function toUncertain({ run, fence }: ClaimedRun): RunResult {
  const error =
    "An earlier attempt may have succeeded, and the engine has forgotten its idempotency key by now; decide by hand.";
  const { idempotencyKey } = run;
  return { idempotencyKey, fence, status: "uncertain", workflowRunId: null, error, retryInMs: null, durationMs: 0 };
}

function toResult(claimed: ClaimedRun, answer: unknown, durationMs: number, options: DispatcherOptions): RunResult {
  if (answer instanceof Error || BellwireError.is(answer)) {
    return resultOfFailure(claimed, answer, durationMs, options);
  }
  // Runners are written by others: what they answer with is not trusted to be what it should.
  const started: Partial<StartedRun> = typeof answer === "object" && answer !== null ? answer : {};
  return {
    idempotencyKey: claimed.run.idempotencyKey,
    fence: claimed.fence,
    status: claimed.run.action === "cancel" ? "canceled" : "triggered",
    workflowRunId: typeof started.workflowRunId === "string" ? started.workflowRunId : null,
    error: null,
    retryInMs: null,
    durationMs,
  };
}

function resultOfFailure(
  { run, fence }: ClaimedRun,
  error: unknown,
  durationMs: number,
  { maxAttempts, random }: DispatcherOptions,
): RunResult {
  const failure = classifyRunnerFailure(error);
  // Attempts before somebody asked for another one do not count against it.
  const attempts = run.attempts - run.attemptsBeforeRetry + 1;
  const { idempotencyKey } = run;
  const base = { idempotencyKey, fence, workflowRunId: null, error: failure.message, durationMs };
  if (failure.kind === "permanent") return { ...base, status: "failed", retryInMs: null };
  if (attempts >= maxAttempts) return { ...base, status: "dead", retryInMs: null };
  return { ...base, status: "pending", retryInMs: backoffMs(attempts, failure.retryAfterMs, random) };
}
