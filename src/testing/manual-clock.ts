import type { Clock } from "../core/clock.js";
import { type Duration, durationToMs } from "../core/duration.js";

export interface ManualClock extends Clock {
  /** Moves the time on, running what was due on the way in order, and lets the promises that follow from it settle. */
  advance(duration: Duration): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to go on. @param start defaults to 2026-01-01T00:00:00Z */
export function manualClock(start: Date = new Date(Date.UTC(2026, 0, 1))): ManualClock {
  let now = start.getTime();
  const timers = new Set<Timer>();

  const nextDue = (until: number): Timer | undefined => {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  };

  return {
    now: () => now,
    schedule(callback, delayMs) {
      const timer = { at: now + delayMs, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(duration) {
      const until = now + durationToMs(duration, "advance");
      // What was just started may still be on its way to set a timer.
      await settlePromises();
      for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
        timers.delete(timer);
        now = Math.max(now, timer.at);
        timer.callback();
        await settlePromises();
      }
      now = until;
      await settlePromises();
    },
  };
}

function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
