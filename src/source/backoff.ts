const baseMs = 1_000;
const ceilingMs = 15 * 60_000;

/**
 * How long to wait before attempt `attempt + 1`: exponential from one second to a quarter of an hour, spread evenly over its
 * upper half so that runs that failed together do not come back together; never shorter than the runner asked for.
 */
export function backoffMs(attempt: number, retryAfterMs: number | null, random: () => number): number {
  return Math.max(Math.round(longestBackoffMs(attempt) * (0.5 + random() / 2)), retryAfterMs ?? 0);
}

/** The longest that `backoffMs` makes of it by itself. */
export function longestBackoffMs(attempt: number): number {
  return Math.min(ceilingMs, baseMs * 2 ** Math.min(attempt - 1, 30));
}
