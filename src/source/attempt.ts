import type { Clock } from "../core/clock.js";
import type { Limiter, Startable } from "../core/limiter.js";
import type { TimedCall, TimeLimit, TimeWindow } from "../core/time-limit.js";
import { runnerError } from "../runner/runner-error.js";
import type { RunRecord, RunResult } from "../storage/run-store.js";
import { type EndedRun, endOfAnswer, endOfFailure, endOfWindow, type RetryOptions } from "./ended-run.js";
import type { RunTask } from "./run-task.js";
import { type SendRunsOptions, sendRuns } from "./send-runs.js";

export interface AttemptOptions extends SendRunsOptions, RetryOptions {
  readonly clock: Clock;
  readonly runTimeoutMs: number;
  /** Told of every attempt that ended. */
  readonly onAttempt: (run: RunRecord, result: RunResult) => void;
}

/** What groups that are dispatched together share. */
export interface DispatchRound {
  readonly leasedUntil: number;
  /** Called once for each group. `null`: no attempt was made, because the lease would have ended before the attempt could. */
  onEnd(group: readonly RunTask[], results: readonly RunResult[] | null): void;
}

/** What all attempts of a source share. */
export interface AttemptContext {
  readonly options: AttemptOptions;
  readonly limiter: Limiter;
  readonly timeLimit: TimeLimit;
}

/**
 * One call to the runner, with the runs of one group. It is called back and awaits nothing, and is one object and no closures: every
 * run comes by here, and what a thousand of them cost is mostly what waits for them.
 */
export class Attempt implements Startable, TimedCall {
  readonly #group: readonly RunTask[];
  readonly #round: DispatchRound;
  readonly #context: AttemptContext;
  #startedAt = 0;
  #window: TimeWindow | null = null;
  #due: readonly RunTask[];
  #late: readonly RunResult[] = [];

  constructor(group: readonly RunTask[], round: DispatchRound, context: AttemptContext) {
    this.#group = group;
    this.#due = group;
    this.#round = round;
    this.#context = context;
  }

  start(): void {
    const { options, timeLimit } = this.#context;
    this.#startedAt = options.clock.now();
    // An attempt that could outlive its lease could be made a second time by whoever claims the run next.
    if (this.#startedAt + options.runTimeoutMs > this.#round.leasedUntil) {
      this.#end(null);
      return;
    }
    this.#leaveOutLate();
    this.#window = timeLimit.open();
    this.#window.enter(this);
    if (this.#due.length === 0) {
      this.#succeed([]);
      return;
    }
    try {
      Promise.resolve(sendRuns(this.#due, this.#window.signal, options)).then(
        (answers) => this.#succeed(answers),
        (error) => this.#fail(error),
      );
    } catch (error) {
      // A host's function that is not async may throw before it returns its promise.
      this.#fail(error);
    }
  }

  timeOut(): void {
    this.#fail(runnerError("ambiguous", `The runner did not answer within ${this.#context.options.runTimeoutMs} ms.`));
  }

  #leaveOutLate(): void {
    const { runner } = this.#context.options;
    if (!this.#group.some(({ run }) => endOfWindow(run, this.#startedAt, runner) !== null)) return;
    const ends = this.#group.map(({ run }) => endOfWindow(run, this.#startedAt, runner));
    this.#due = this.#group.filter((_, index) => ends[index] === null);
    this.#late = this.#group.flatMap((claimed, index) => {
      const end = ends[index] ?? null;
      return end === null ? [] : [this.#toResult(claimed, end, 0)];
    });
  }

  /** A run that goes alone is answered by its answer alone. */
  #succeed(answers: unknown): void {
    const { options } = this.#context;
    this.#finish(({ run }, index) => endOfAnswer(run, Array.isArray(answers) ? answers[index] : answers, options));
  }

  #fail(error: unknown): void {
    const { options } = this.#context;
    this.#finish(({ run }) => endOfFailure(run, error, options));
  }

  #finish(endOf: (claimed: RunTask, index: number) => EndedRun): void {
    // What is answered after the time was over is ignored.
    if (this.#window === null) return;
    this.#window.leave(this);
    this.#window = null;
    const durationMs = Math.max(0, Math.round(this.#context.options.clock.now() - this.#startedAt));
    const ended = this.#due.map((claimed, index) => this.#toResult(claimed, endOf(claimed, index), durationMs));
    this.#end(this.#late.length === 0 ? ended : [...this.#late, ...ended]);
  }

  #toResult({ run, fence }: RunTask, ended: EndedRun, durationMs: number): RunResult {
    const { status, workflowRunId, error, retryInMs } = ended;
    const result = { idempotencyKey: run.idempotencyKey, fence, status, workflowRunId, error, retryInMs, durationMs };
    this.#context.options.onAttempt(run, result);
    return result;
  }

  #end(results: readonly RunResult[] | null): void {
    this.#context.limiter.leave();
    this.#round.onEnd(this.#group, results);
  }
}
