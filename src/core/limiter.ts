/** Lets at most `max` tasks run at the same time; the others wait in the order they came. */
export interface Limiter {
  /** Starts the task now, or when it is its turn. Whoever was started calls `leave` once, when done. */
  enter(task: Startable): void;
  leave(): void;
}

export interface Startable {
  start(): void;
}

export function createLimiter(max: number): Limiter {
  let running = 0;
  const waiting: (() => void)[] = [];
  // Taking from the front of an array moves all the rest; a moving head does not.
  let head = 0;

  return {
    enter(task) {
      if (running === max) {
        // Through a promise, so that it starts in its own asynchronous context and not in that of whoever leaves.
        new Promise<void>((resolve) => waiting.push(resolve)).then(() => task.start());
        return;
      }
      running += 1;
      task.start();
    },
    leave() {
      const next = waiting[head];
      if (next === undefined) {
        running -= 1;
        return;
      }
      head += 1;
      if (head === waiting.length) {
        waiting.length = 0;
        head = 0;
      }
      // The place passes to the one who waited; nobody who comes just now can slip in between.
      next();
    },
  };
}
