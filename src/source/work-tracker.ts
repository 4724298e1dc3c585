import type { Clock } from "../core/clock.js";

/** Knows what is in hand, so that `close` can wait for it. */
export interface WorkTracker {
  /** Pieces of work in hand. */
  readonly size: number;
  /** Whether `drain` was called. */
  readonly isClosing: boolean;
  /** Around a piece of work. */
  enter(): void;
  leave(): void;
  /** The work's own failure is its caller's affair. */
  readonly track: (work: Promise<unknown>) => void;
  /** Resolves when nothing is in hand any more, or when the time is over. */
  drain(timeoutMs: number): Promise<void>;
}

export function createWorkTracker(clock: Clock): WorkTracker {
  let size = 0;
  let isClosing = false;
  const waiting = new Set<() => void>();

  const enter = () => {
    size += 1;
  };

  const leave = () => {
    size -= 1;
    if (size > 0) return;
    for (const resume of waiting) resume();
    waiting.clear();
  };

  return {
    get size() {
      return size;
    },
    get isClosing() {
      return isClosing;
    },
    enter,
    leave,
    track(work) {
      enter();
      work.then(leave, leave);
    },
    async drain(timeoutMs) {
      isClosing = true;
      if (size === 0) return;
      await new Promise<void>((resolve) => {
        const cancelTimer = clock.schedule(resolve, timeoutMs);
        waiting.add(() => {
          cancelTimer();
          resolve();
        });
      });
    },
  };
}
