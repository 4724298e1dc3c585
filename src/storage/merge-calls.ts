import type { Clock } from "../core/clock.js";
import type { Abortable } from "./scope.js";

/** How calls of one kind are made into one, and its answer into theirs. */
export interface MergeableCalls<Params, Answer> {
  /** Only calls of one group may be merged. */
  readonly groupOf: (params: Params) => string;
  /** How much a call carries; a merged call carries at most `maxSize`, unless it is a single one. */
  readonly sizeOf: (params: Params) => number;
  /** What no two calls that are merged may have in common: a second one has to find what the first one left. */
  readonly keysOf?: (params: Params) => readonly string[];
  /** Makes one call for many. The answers stand in the order of `calls`. */
  readonly run: (calls: readonly Params[], signal: AbortSignal | undefined) => Promise<readonly Answer[]>;
}

export interface MergeOptions {
  readonly clock: Clock;
  /** @default 1,000 */
  readonly maxSize?: number;
  /** So many calls start at once, without waiting for more. @default no limit */
  readonly maxCalls?: number;
  /** How long a call waits for the one before it. Milliseconds. @default 5 */
  readonly maxWaitMs?: number;
}

interface Waiting<Params, Answer> {
  readonly params: Params;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: calls that are made at the same time, or while one of their group is under way, share the next one. A call
 * on its own starts at the end of this turn of the event loop, and none waits longer than `maxWaitMs` before it starts. Where a
 * merged call fails, each of its calls is made again alone, so that what one of them carries never fails another.
 */
export function createCallMerger<Params extends Abortable, Answer>(
  calls: MergeableCalls<Params, Answer>,
  { clock, maxSize = 1_000, maxCalls = Number.POSITIVE_INFINITY, maxWaitMs = 5 }: MergeOptions,
): (params: Params) => Promise<Answer> {
  const groups = new Map<string, CallGroup<Params, Answer>>();
  return (params) => {
    const key = calls.groupOf(params);
    let group = groups.get(key);
    if (group === undefined) {
      group = createCallGroup(calls, { clock, maxSize, maxCalls, maxWaitMs }, () => groups.delete(key));
      groups.set(key, group);
    }
    return group(params);
  };
}

type CallGroup<Params, Answer> = (params: Params) => Promise<Answer>;

function createCallGroup<Params extends Abortable, Answer>(
  calls: MergeableCalls<Params, Answer>,
  { clock, maxSize, maxCalls, maxWaitMs }: Required<MergeOptions>,
  onIdle: () => void,
): CallGroup<Params, Answer> {
  let waiting: Waiting<Params, Answer>[] = [];
  let waitingSize = 0;
  let underway = 0;
  let cancelTimer: (() => void) | null = null;
  let immediate: NodeJS.Immediate | null = null;

  const start = () => {
    cancelTimer?.();
    cancelTimer = null;
    if (immediate !== null) clearImmediate(immediate);
    immediate = null;
    const { taken, left } = takeTogether(calls, waiting, { maxSize, maxCalls });
    waiting = left;
    waitingSize = left.reduce((size, { params }) => size + calls.sizeOf(params), 0);
    if (taken.length > 0) {
      underway += 1;
      void runTogether(calls, taken).then(end);
    }
    startLater();
  };

  const end = () => {
    underway -= 1;
    if (waiting.length > 0) start();
    else if (underway === 0) onIdle();
  };

  const startLater = () => {
    if (waiting.length === 0 || immediate !== null) return;
    if (underway === 0 || waitingSize >= maxSize) immediate = setImmediate(start);
    else cancelTimer ??= clock.schedule(start, maxWaitMs);
  };

  return (params) =>
    new Promise((resolve, reject) => {
      waiting.push({ params, resolve, reject });
      waitingSize += calls.sizeOf(params);
      if (waiting.length >= maxCalls) start();
      else startLater();
    });
}

/** The first calls that may be one, in the order they came; whoever gave up meanwhile is told so. */
function takeTogether<Params extends Abortable, Answer>(
  calls: MergeableCalls<Params, Answer>,
  waiting: readonly Waiting<Params, Answer>[],
  { maxSize, maxCalls }: Pick<Required<MergeOptions>, "maxSize" | "maxCalls">,
) {
  const taken: Waiting<Params, Answer>[] = [];
  const left: Waiting<Params, Answer>[] = [];
  const keys = new Set<string>();
  let size = 0;
  for (const call of waiting) {
    const { params, reject } = call;
    if (params.signal?.aborted === true) {
      reject(params.signal.reason);
      continue;
    }
    const own = calls.keysOf?.(params) ?? [];
    const fits = taken.length === 0 || (taken.length < maxCalls && size + calls.sizeOf(params) <= maxSize);
    if (!fits || own.some((key) => keys.has(key))) {
      left.push(call);
      continue;
    }
    taken.push(call);
    size += calls.sizeOf(params);
    for (const key of own) keys.add(key);
  }
  return { taken, left };
}

/** Never rejects: each call is told its own. */
async function runTogether<Params extends Abortable, Answer>(
  calls: MergeableCalls<Params, Answer>,
  taken: readonly Waiting<Params, Answer>[],
): Promise<void> {
  const { signal, forget } = signalOfAll(taken.map(({ params }) => params.signal));
  try {
    const answers = await calls.run(
      taken.map(({ params }) => params),
      signal,
    );
    if (answers.length !== taken.length) throw new RangeError("a merged call was answered for too few");
    for (const [index, answer] of answers.entries()) taken[index]?.resolve(answer);
  } catch (error) {
    if (taken.length === 1) taken[0]?.reject(error);
    else await Promise.all(taken.map((call) => runTogether(calls, [call])));
  } finally {
    forget();
  }
}

/** Aborted once nobody waits for the answer any more. */
function signalOfAll(signals: readonly (AbortSignal | undefined)[]) {
  const distinct = new Set(signals);
  const [only] = distinct;
  if (distinct.size === 1) return { signal: only, forget: () => undefined };
  const controller = new AbortController();
  const abort = () => {
    if ([...distinct].every((signal) => signal?.aborted === true)) controller.abort(only?.reason);
  };
  for (const signal of distinct) signal?.addEventListener("abort", abort, { once: true });
  const forget = () => {
    for (const signal of distinct) signal?.removeEventListener("abort", abort);
  };
  return { signal: controller.signal, forget };
}
