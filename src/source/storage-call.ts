import type { Clock } from "../core/clock.js";
import { BellwireError } from "../core/errors.js";
import { createTimeLimit } from "../core/time-limit.js";

/** Makes a storage call: with a time limit, and with one kind of error whatever the adapter rejects with. */
export type StorageCall = <Value>(operation: string, call: (signal: AbortSignal) => Promise<Value>) => Promise<Value>;

export function createStorageCall(clock: Clock, timeoutMs: number): StorageCall {
  const timeLimit = createTimeLimit(clock, timeoutMs);
  return async (operation, call) => {
    const onTimeout = () =>
      new BellwireError({
        code: "STORAGE_TIMEOUT",
        message: `Storage did not answer ${operation} within ${timeoutMs} ms. Hand the payload in again.`,
        details: { operation, timeoutMs },
        retryable: true,
      });
    try {
      return await timeLimit.run(call, onTimeout);
    } catch (error) {
      if (BellwireError.is(error)) throw error;
      throw new BellwireError({
        code: "STORAGE_FAILED",
        message: `Storage failed at ${operation}; the cause says why. Hand the payload in again.`,
        details: { operation },
        cause: error,
        retryable: true,
      });
    }
  };
}
