import type { Clock } from "../core/clock.js";
import { BellwireError } from "../core/errors.js";
import { createTimeLimit, type TimedCall, type TimeWindow } from "../core/time-limit.js";

/** Makes a storage call: with a time limit, and with one kind of error whatever the adapter rejects with. */
export type StorageCall = <Value>(operation: string, call: (signal: AbortSignal) => Promise<Value>) => Promise<Value>;

export function createStorageCall(clock: Clock, timeoutMs: number): StorageCall {
  const timeLimit = createTimeLimit(clock, timeoutMs);
  return (operation, call) => {
    // Several for every payload: a promise is all that each of them adds to the storage's own.
    return new Promise((resolve, reject) => {
      const window = timeLimit.open();
      const pending = new PendingCall(operation, timeoutMs, { window, reject });
      window.enter(pending);
      try {
        call(window.signal).then(
          (value) => {
            window.leave(pending);
            resolve(value);
          },
          (error) => pending.fail(error),
        );
      } catch (error) {
        // An adapter's function that is not async may throw before it returns its promise.
        pending.fail(error);
      }
    });
  };
}

interface CallEnd {
  readonly window: TimeWindow;
  readonly reject: (error: BellwireError) => void;
}

class PendingCall implements TimedCall {
  place = 0;
  readonly #operation: string;
  readonly #timeoutMs: number;
  readonly #end: CallEnd;

  constructor(operation: string, timeoutMs: number, end: CallEnd) {
    this.#operation = operation;
    this.#timeoutMs = timeoutMs;
    this.#end = end;
  }

  timeOut(): void {
    const [operation, timeoutMs] = [this.#operation, this.#timeoutMs];
    const message = `Storage did not answer ${operation} within ${timeoutMs} ms. Hand the payload in again.`;
    const details = { operation, timeoutMs };
    this.#end.reject(new BellwireError({ code: "STORAGE_TIMEOUT", message, details, retryable: true }));
  }

  fail(cause: unknown): void {
    this.#end.window.leave(this);
    this.#end.reject(BellwireError.is(cause) ? cause : storageFailed(this.#operation, cause));
  }
}

function storageFailed(operation: string, cause: unknown): BellwireError {
  const message = `Storage failed at ${operation}; the cause says why. Hand the payload in again.`;
  return new BellwireError({ code: "STORAGE_FAILED", message, details: { operation }, cause, retryable: true });
}
