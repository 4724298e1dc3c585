import { createLimiter } from "../core/limiter.js";
import { createTimeLimit } from "../core/time-limit.js";
import { Attempt, type AttemptOptions, type DispatchRound } from "./attempt.js";
import type { RunTask } from "./run-task.js";

export interface DispatcherOptions extends AttemptOptions {
  /** Attempts at the same time. */
  readonly concurrency: number;
}

/** Hands claimed runs to the runner. */
export interface Dispatcher {
  /**
   * Makes one attempt with each run of a group, with one call to the runner, now or when there is room for it.
   * @param group not empty
   */
  dispatch(group: readonly RunTask[], round: DispatchRound): void;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const context = {
    options,
    limiter: createLimiter(options.concurrency),
    timeLimit: createTimeLimit(options.clock, options.runTimeoutMs),
  };
  return { dispatch: (group, round) => context.limiter.enter(new Attempt(group, round, context)) };
}
