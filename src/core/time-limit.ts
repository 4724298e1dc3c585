import { setMaxListeners } from "node:events";
import type { Clock } from "./clock.js";

/** Puts calls under one time limit. */
export interface TimeLimit {
  /**
   * The window for a call that starts now.
   * @param now by the clock, where the caller has just read it
   */
  open(now?: number): TimeWindow;
}

/** Calls that start close together and end by the same moment. */
export interface TimeWindow {
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
  /** Where the time is over already, the call is told so at once. */
  enter(call: TimedCall): void;
  leave(call: TimedCall): void;
}

export interface TimedCall {
  /** Its place in the window that it is in, which sets it and so need not search for the call when it leaves. */
  place: number;
  /** Called when the time is over and the call has not left. */
  timeOut(): void;
}

/**
 * Calls that start close together share one timer and one signal, which makes a limit nearly free for a batch of a thousand
 * calls; the price is that a call may be given up to 2 % less than the limit. Never more: what has to be over by then, is.
 */
export function createTimeLimit(clock: Clock, limitMs: number): TimeLimit {
  const windowMs = limitMs / 50;
  let current: SharedWindow | null = null;

  return {
    open(now = clock.now()) {
      if (current?.isOpenAt(now) === true) return current;
      current?.close();
      current = new SharedWindow(clock, now, windowMs, limitMs);
      return current;
    },
  };
}

class SharedWindow implements TimeWindow {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #opensMs: number;
  readonly #endsAt: number;
  /** In no order. A set would make a new table of itself every few calls, each with a reference from the one before. */
  readonly #calls: TimedCall[] = [];
  #cancelTimer: (() => void) | null = null;
  #controller: AbortController | null = null;
  #isClosed = false;
  #isOver = false;

  constructor(clock: Clock, startedAt: number, opensMs: number, limitMs: number) {
    this.#clock = clock;
    this.#startedAt = startedAt;
    this.#opensMs = opensMs;
    this.#endsAt = startedAt + limitMs;
  }

  isOpenAt(now: number): boolean {
    return !this.#isClosed && now >= this.#startedAt && now - this.#startedAt <= this.#opensMs;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      // Many calls share the signal, and clients listen to it: no leak, and no reason for Node to warn of one.
      setMaxListeners(0, this.#controller.signal);
    }
    return this.#controller.signal;
  }

  enter(call: TimedCall): void {
    if (this.#isOver) {
      call.timeOut();
      return;
    }
    call.place = this.#calls.length;
    this.#calls.push(call);
    this.#cancelTimer ??= this.#clock.schedule(() => this.#expire(), Math.max(0, this.#endsAt - this.#clock.now()));
  }

  leave(call: TimedCall): void {
    if (this.#calls[call.place] !== call) return;
    const last = this.#calls.pop();
    if (last !== undefined && last !== call) {
      this.#calls[call.place] = last;
      last.place = call.place;
    }
    // While it is open the timer stays for the calls that come next: one for each would cost more than many a call.
    if (this.#isClosed) this.#stopWithoutCalls();
  }

  /** Nobody opens it any more; who did may still enter. */
  close(): void {
    this.#isClosed = true;
    this.#stopWithoutCalls();
  }

  #stopWithoutCalls(): void {
    if (this.#calls.length > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #expire(): void {
    this.#isClosed = true;
    this.#isOver = true;
    if (this.#calls.length > 0) this.#controller?.abort();
    for (let call = this.#calls.pop(); call !== undefined; call = this.#calls.pop()) call.timeOut();
  }
}
