import type { Clock } from "../core/clock.js";
import { BellwireError } from "../core/errors.js";
import { createLimiter } from "../core/limiter.js";
import { createTimeLimit } from "../core/time-limit.js";
import { capabilitiesOf, type StartedRun, type WorkflowRunner } from "../runner/runner.js";
import { classifyRunnerFailure, runnerError } from "../runner/runner-error.js";
import type { ClaimedRun, RunRecord, RunResult } from "../storage/storage.js";
import { backoffMs } from "./backoff.js";
import type { RunRequest } from "./freeze-plan.js";
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
  readonly onAttempt: (run: RunRecord, result: RunResult, durationMs: number) => void;
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
  const { clock, runTimeoutMs } = options;
  const limiter = createLimiter(options.concurrency);
  const timeLimit = createTimeLimit(clock, runTimeoutMs);
  const onTimeout = () => runnerError("ambiguous", `The runner did not answer within ${runTimeoutMs} ms.`);

  const attempt = async (
    group: readonly ClaimedRun[],
    requests: ReadonlyMap<string, RunRequest>,
  ): Promise<readonly RunResult[]> => {
    try {
      const runs = group.map(({ run }) => ({
        run,
        request: requests.get(run.idempotencyKey) ?? JSON.parse(run.request),
      }));
      const answers = await timeLimit.run((signal) => sendRuns(runs, { ...options, signal }), onTimeout);
      return group.map((claimed, index) => toResult(claimed, answers[index], options));
    } catch (error) {
      return group.map((claimed) => resultOfFailure(claimed, error, options));
    }
  };

  return {
    dispatch: (group, leasedUntil, requests) =>
      limiter.run(async () => {
        const startedAt = clock.now();
        // An attempt that outlives its lease could be made a second time by whoever claims the run next.
        if (startedAt + runTimeoutMs > leasedUntil) return null;
        const late = group.flatMap((claimed) => tooLate(claimed, startedAt, options) ?? []);
        const keys = new Set(late.map((result) => result.idempotencyKey));
        const due = late.length === 0 ? group : group.filter(({ run }) => !keys.has(run.idempotencyKey));
        const attempted = due.length === 0 ? [] : await attempt(due, requests);
        const durationMs = Math.max(0, Math.round(clock.now() - startedAt));
        const results = [...late, ...attempted.map((result) => ({ ...result, durationMs }))];
        const runs = new Map(group.map(({ run }) => [run.idempotencyKey, run]));
        for (const result of results) {
          const run = runs.get(result.idempotencyKey);
          if (run !== undefined) options.onAttempt(run, result, durationMs);
        }
        return results;
      }),
  };
}

/** What a run ends in whose earlier attempt may have succeeded, and whose key the engine may have forgotten by now. */
function tooLate({ run, fence }: ClaimedRun, now: number, { runner }: DispatcherOptions): RunResult | null {
  // Users are the same however often they are sent.
  if (run.action === "identify" || run.firstClaimedAt === null) return null;
  const { idempotencyWindowMs } = capabilitiesOf(runner, run.workflow);
  if (idempotencyWindowMs === null || now - run.firstClaimedAt.getTime() <= idempotencyWindowMs) return null;
  const error = `An earlier attempt may have succeeded, and the engine forgets idempotency keys after ${idempotencyWindowMs} ms; decide by hand.`;
  return { ...keyOf({ run, fence }), status: "uncertain", workflowRunId: null, error, retryInMs: null };
}

function toResult(claimed: ClaimedRun, answer: unknown, options: DispatcherOptions): RunResult {
  if (answer instanceof Error || BellwireError.is(answer)) return resultOfFailure(claimed, answer, options);
  // Runners are written by others: what they answer with is not trusted to be what it should.
  const started: Partial<StartedRun> = typeof answer === "object" && answer !== null ? answer : {};
  const workflowRunId = typeof started.workflowRunId === "string" ? started.workflowRunId : null;
  const status = claimed.run.action === "cancel" ? "canceled" : "triggered";
  return { ...keyOf(claimed), status, workflowRunId, error: null, retryInMs: null };
}

function keyOf({ run, fence }: ClaimedRun) {
  return { idempotencyKey: run.idempotencyKey, fence };
}

function resultOfFailure(claimed: ClaimedRun, error: unknown, options: DispatcherOptions): RunResult {
  const failure = classifyRunnerFailure(error);
  const attempts = claimed.run.attempts + 1;
  const base = { ...keyOf(claimed), workflowRunId: null, error: failure.message };
  if (failure.kind === "permanent") return { ...base, status: "failed", retryInMs: null };
  if (attempts >= options.maxAttempts) return { ...base, status: "dead", retryInMs: null };
  return { ...base, status: "pending", retryInMs: backoffMs(attempts, failure.retryAfterMs, options.random) };
}
