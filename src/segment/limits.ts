/** How much a payload may hold. What is over makes the payload an error, or the event `invalid`. */
export interface SegmentLimits {
  /** Bytes of a payload. Segment sends up to 4,000 events, about 4.7 MB, at once. @default 5 MB (5 × 1024 × 1024) */
  readonly maxBytes: number;
  /** Events of a payload. @default 10,000 */
  readonly maxEvents: number;
  /** Bytes of one event. @default 256 KB (256 × 1024) */
  readonly maxEventBytes: number;
  /** Nesting of one event: `{}` is 1. At most 1,000. @default 64 */
  readonly maxDepth: number;
  /** Keys of one event, at every depth. @default 10,000 */
  readonly maxKeys: number;
}

export const defaultLimits: SegmentLimits = {
  maxBytes: 5 * 1024 * 1024,
  maxEvents: 10_000,
  maxEventBytes: 256 * 1024,
  maxDepth: 64,
  maxKeys: 10_000,
};

/** Nesting that no payload has: between it and `maxDepth` an event is invalid, beyond it the payload. Recursion is safe within it. */
export const maxPayloadDepth = 1_000;

/** Fills in the defaults; also for `undefined` and `NaN`, with which every comparison would hold and nothing be limited. */
export function resolveLimits(given: Partial<SegmentLimits> = {}): SegmentLimits {
  const limit = (name: keyof SegmentLimits) => {
    const value = given[name];
    return value !== undefined && value >= 0 ? value : defaultLimits[name];
  };
  return {
    maxBytes: limit("maxBytes"),
    maxEvents: limit("maxEvents"),
    maxEventBytes: limit("maxEventBytes"),
    maxDepth: Math.min(limit("maxDepth"), maxPayloadDepth),
    maxKeys: limit("maxKeys"),
  };
}
