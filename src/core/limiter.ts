/** Lets at most `max` tasks run at the same time; the others wait in the order they came. */
export interface Limiter {
  run<Value>(task: () => Promise<Value>): Promise<Value>;
}

export function createLimiter(max: number): Limiter {
  let running = 0;
  const waiting: (() => void)[] = [];
  // Taking from the front of an array moves all the rest; a moving head does not.
  let head = 0;

  const leave = () => {
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
  };

  return {
    async run(task) {
      if (running < max) running += 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
}
