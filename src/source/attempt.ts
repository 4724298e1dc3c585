import type { Clock } from "../core/clock.js";
import { messageOf } from "../core/errors.js";
import type { Limiter, Startable } from "../core/limiter.js";
import type { TimedCall, TimeLimit, TimeWindow } from "../core/time-limit.js";
import { runnerError, tooFewAnswers } from "../runner/runner-error.js";
import type { RunRecord, RunResult } from "../storage/run-store.js";
import { type EndedRun, endOfAnswer, endOfFailure, endOfWindow, type RetryOptions } from "./ended-run.js";
import type { RunTask } from "./run-task.js";
import { type SendRunsOptions, sendRuns } from "./send-runs.js";

export interface AttemptOptions extends SendRunsOptions, RetryOptions {
  readonly clock: Clock;
  readonly runTimeoutMs: number;
  readonly leaseMs: number;
  /** Told of every attempt that ended. */
  readonly onAttempt: (run: RunRecord, result: RunResult) => void;
}

/** What groups that are dispatched together share. */
export interface DispatchRound {
  readonly leasedUntil: number;
  /** What one run ended in. */
  onResult(result: RunResult): void;
  /**
   * Called once for each group, after its results.
   * @param wasMade `false`: no attempt was made, because the lease would have ended before the attempt could
   */
  onEnd(group: readonly RunTask[], wasMade: boolean): void;
}

/** What all attempts of a source share. */
export interface AttemptContext {
  readonly options: AttemptOptions;
  readonly limiter: Limiter;
  readonly timeLimit: TimeLimit;
}

/** One call to the runner for one group of runs. Callbacks instead of promises and closures, because every run allocates one. */
export class Attempt implements Startable, TimedCall {
  place = 0;
  readonly #group: readonly RunTask[];
  readonly #round: DispatchRound;
  readonly #context: AttemptContext;
  #startedAt = 0;
  #window: TimeWindow | null = null;
  #due: readonly RunTask[];

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
      this.#end(false);
      return;
    }
    this.#leaveOutLate();
    this.#window = timeLimit.open(this.#startedAt);
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
    // Nearly always nothing, and then it is to cost nothing.
    if (this.#group.every((task) => this.#endUnsent(task) === null)) return;
    const due: RunTask[] = [];
    for (const task of this.#group) {
      const end = this.#endUnsent(task);
      if (end === null) due.push(task);
      else this.#round.onResult(this.#toResult(task, end, 0));
    }
    this.#due = due;
  }

  /** What a run ends in that must not be sent again; a runner that no longer knows its workflow can not say. */
  #endUnsent(task: RunTask): EndedRun | null {
    const { options } = this.#context;
    try {
      return endOfWindow(task, this.#round.leasedUntil - this.#startedAt, options);
    } catch (cause) {
      return endOfFailure(task.run, runnerError("permanent", messageOf(cause), { cause }), options);
    }
  }

  /** @param answers a list in the order of the runs; for one run the answer itself will do */
  #succeed(answers: unknown): void {
    const durationMs = this.#stop();
    if (durationMs === null) return;
    let index = 0;
    for (const task of this.#due) {
      const answer: unknown = this.#answerAt(answers, index);
      const end = endOfAnswer(task.run, answer, this.#context.options);
      this.#round.onResult(this.#toResult(task, end, durationMs));
      index += 1;
    }
    this.#end(true);
  }

  #answerAt(answers: unknown, index: number): unknown {
    if (!Array.isArray(answers)) return this.#due.length === 1 ? answers : tooFewAnswers();
    return index < answers.length ? answers[index] : tooFewAnswers();
  }

  #fail(error: unknown): void {
    const durationMs = this.#stop();
    if (durationMs === null) return;
    for (const task of this.#due) {
      const end = endOfFailure(task.run, error, this.#context.options);
      this.#round.onResult(this.#toResult(task, end, durationMs));
    }
    this.#end(true);
  }

  /** @returns how long it took; `null` where it has ended before: what is answered after the time was over is ignored */
  #stop(): number | null {
    if (this.#window === null) return null;
    this.#window.leave(this);
    this.#window = null;
    return Math.max(0, Math.round(this.#context.options.clock.now() - this.#startedAt));
  }

  #toResult({ run, fence }: RunTask, ended: EndedRun, durationMs: number): RunResult {
    const { status, workflowRunId, error, retryInMs } = ended;
    const result = { idempotencyKey: run.idempotencyKey, fence, status, workflowRunId, error, retryInMs, durationMs };
    this.#context.options.onAttempt(run, result);
    return result;
  }

  #end(wasMade: boolean): void {
    this.#context.limiter.leave();
    this.#round.onEnd(this.#group, wasMade);
  }
}
