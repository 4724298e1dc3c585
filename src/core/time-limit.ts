import { setMaxListeners } from "node:events";
import type { Clock } from "./clock.js";

/** Runs calls under one time limit. */
export interface TimeLimit {
  /**
   * Settles as `start` does, or rejects with `onTimeout()` when that takes longer than the limit; the signal is aborted then.
   * What `start` does after that is ignored, its rejection too.
   */
  run<Value>(start: (signal: AbortSignal) => Promise<Value>, onTimeout: () => Error): Promise<Value>;
}

interface Window {
  readonly controller: AbortController;
  readonly pending: Set<() => void>;
  readonly startedAt: number;
  readonly cancelTimer: () => void;
}

/**
 * Calls that start close together share one timer and one signal, which makes a limit nearly free for a batch of a thousand
 * calls; the price is that a call may run up to 2 % longer than the limit.
 */
export function createTimeLimit(clock: Clock, limitMs: number): TimeLimit {
  const windowMs = limitMs / 50;
  let current: Window | null = null;

  const expire = (window: Window) => {
    if (current === window) current = null;
    if (window.pending.size === 0) return;
    window.controller.abort();
    for (const timeOut of window.pending) timeOut();
    window.pending.clear();
  };

  const openWindow = (): Window => {
    const now = clock.now();
    if (current !== null && now - current.startedAt <= windowMs && now >= current.startedAt) return current;
    if (current?.pending.size === 0) current.cancelTimer();
    const controller = new AbortController();
    // Many calls share the signal, and clients listen to it: no leak, and no reason for Node to warn of one.
    setMaxListeners(0, controller.signal);
    const window: Window = {
      controller,
      pending: new Set(),
      startedAt: now,
      cancelTimer: clock.schedule(() => expire(window), limitMs + windowMs),
    };
    current = window;
    return window;
  };

  const leave = (window: Window, timeOut: () => void) => {
    window.pending.delete(timeOut);
    // The current one stays for the calls that come next: a timer for each would cost more than many a call.
    if (window !== current && window.pending.size === 0) window.cancelTimer();
  };

  return {
    run<Value>(start: (signal: AbortSignal) => Promise<Value>, onTimeout: () => Error) {
      const window = openWindow();
      return new Promise<Value>((resolve, reject) => {
        const timeOut = () => reject(onTimeout());
        window.pending.add(timeOut);
        const fail = (error: unknown) => {
          leave(window, timeOut);
          reject(error);
        };
        const succeed = (value: Value) => {
          leave(window, timeOut);
          resolve(value);
        };
        try {
          start(window.controller.signal).then(succeed, fail);
        } catch (error) {
          // A host's function that is not async may throw before it returns its promise.
          fail(error);
        }
      });
    },
  };
}
