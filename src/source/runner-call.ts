import type { Clock } from "../core/clock.js";
import { createTimeLimit } from "../core/time-limit.js";
import { runnerError } from "../runner/runner-error.js";

/** Makes a call to the runner that is no attempt with a run, such as to forget a user, under the time limit of attempts. */
export type RunnerCall = <Value>(call: (signal: AbortSignal) => Promise<Value>) => Promise<Value>;

export function createRunnerCall(clock: Clock, timeoutMs: number): RunnerCall {
  const timeLimit = createTimeLimit(clock, timeoutMs);
  return async (call) => {
    const window = timeLimit.open();
    // A runner that does not listen to its signal must not keep its caller for ever.
    let timeOut = () => undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timeOut = () => void reject(runnerError("ambiguous", `The runner did not answer within ${timeoutMs} ms.`));
    });
    const timed = { place: 0, timeOut: () => timeOut() };
    window.enter(timed);
    try {
      return await Promise.race([call(window.signal), tooLate]);
    } finally {
      window.leave(timed);
    }
  };
}
