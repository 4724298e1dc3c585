/** How long it takes to handle payloads that came together: so much for the round trips, so much for each. Milliseconds. */
export interface ServiceTime {
  readonly fixedMs: number;
  readonly eachMs: number;
}

export interface Load {
  readonly perSecond: number;
  /** How many times the rate for `burstMs` of every `everyMs`; the mean stays what it is. */
  readonly burst: { readonly factor: number; readonly burstMs: number; readonly everyMs: number };
  readonly seconds: number;
  readonly seed: number;
}

export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Shares of payloads that took longer than Segment waits: 5 seconds for its classic Webhooks, 10 for Webhooks (Actions). */
  readonly over5s: number;
  readonly over10s: number;
}

const maxTogether = 64;

/**
 * One process as a queue: payloads arrive at random, in bursts, and those that wait while others are being handled are handled
 * together, as group commit does.
 */
export function simulate({ fixedMs, eachMs }: ServiceTime, load: Load): Latencies {
  const arrivals = arrivalTimes(load);
  const latencies: number[] = [];
  let freeAt = 0;
  for (let next = 0; next < arrivals.length; ) {
    const startAt = Math.max(freeAt, arrivals[next]!);
    let end = next;
    while (end < arrivals.length && end - next < maxTogether && arrivals[end]! <= startAt) end += 1;
    freeAt = startAt + fixedMs + eachMs * (end - next);
    for (; next < end; next += 1) latencies.push(freeAt - arrivals[next]!);
  }
  return summary(latencies);
}

function arrivalTimes({ perSecond, burst, seconds, seed }: Load): readonly number[] {
  const random = randomFrom(seed);
  const share = burst.burstMs / burst.everyMs;
  const calm = perSecond / (1 - share + share * burst.factor) / 1_000;
  const times: number[] = [];
  for (let at = 0; at < seconds * 1_000; ) {
    const isBurst = at % burst.everyMs < burst.burstMs;
    at += -Math.log(1 - random()) / (isBurst ? calm * burst.factor : calm);
    times.push(at);
  }
  return times;
}

function summary(latencies: number[]): Latencies {
  const sorted = latencies.sort((left, right) => left - right);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const over = (ms: number) => sorted.filter((latency) => latency > ms).length / Math.max(1, sorted.length);
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1), over5s: over(5_000), over10s: over(10_000) };
}

/** The same arrivals on every run (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
