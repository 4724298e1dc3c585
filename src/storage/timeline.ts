import type { Abortable } from "./scope.js";

/** A span of time, cut into spans of (nearly) equal length. */
export interface TimelineParams extends Abortable {
  readonly environment: string;
  readonly source?: string | undefined;
  /** Received at or after. */
  readonly from: Date;
  /** Received before; after `from`. */
  readonly to: Date;
  readonly buckets: number;
}

export interface TimelineBucket {
  readonly startsAt: Date;
  /** Events received from then until the next bucket starts; `maxBucketCount` and no further. */
  readonly count: number;
  /** Those of them that are `failed` now; `maxBucketCount` and no further. */
  readonly failed: number;
}

/** Beyond it nobody sees a difference, and counting on would cost. */
export const maxBucketCount = 100_000;

/** Where the buckets start, in milliseconds, and where the last one ends. */
export function bucketBounds({
  from,
  to,
  buckets,
}: Pick<TimelineParams, "from" | "to" | "buckets">): readonly number[] {
  const [start, length] = [from.getTime(), to.getTime() - from.getTime()];
  return Array.from({ length: buckets + 1 }, (_, index) => start + Math.floor((length * index) / buckets));
}
