import type { ClaimedRun, RunResult } from "../storage/run-store.js";
import type { DispatchRound } from "./attempt.js";
import { expandMembers } from "./expand-members.js";
import { groupRuns } from "./group-runs.js";
import { reportError, toStorageError } from "./report-error.js";
import type { RunRequest } from "./run-request.js";
import type { SourceContext } from "./source-context.js";

export interface DispatchOptions {
  readonly claimed: readonly ClaimedRun[];
  readonly environment: string;
  /** Names this process in the leases it takes. */
  readonly owner: string;
  /** By the local clock; reckoned from before the lease was taken. */
  readonly leasedUntil: number;
  /** How long the caller waits; what is not done by then goes on. */
  readonly waitMs: number;
  readonly requests: ReadonlyMap<string, RunRequest>;
  readonly signal: AbortSignal | undefined;
  /** Keeps work that outlives the call from being forgotten by `close`. */
  readonly track: (work: Promise<void>) => void;
}

export interface Dispatched {
  /** The attempts that are written down. */
  readonly results: readonly RunResult[];
  /** Keys of runs that no attempt was made with, because it could have outlived the lease: they are free for whoever asks next. */
  readonly released: readonly string[];
}

/** Dispatches claimed runs and settles them: everything that ended in time with one call. */
export async function dispatchClaimed(context: SourceContext, options: DispatchOptions): Promise<Dispatched> {
  const { claimed } = options;
  if (claimed.length === 0) return { results: [], released: [] };
  const ended: RunResult[] = [];
  const untouched: ClaimedRun[] = [];
  const onEnd: DispatchRound["onEnd"] = (group, results) => {
    if (results === null) untouched.push(...group);
    else ended.push(...results);
  };
  const { identify, others, expand } = groupRuns(claimed, context.options.runner);
  const dispatchOthers = (): Promise<unknown> => {
    const dispatched = dispatchGroups(context, others, options, onEnd);
    return expand.length === 0 ? dispatched : Promise.all([dispatched, expandAll(context, expand, options, onEnd)]);
  };
  const all =
    identify.length === 0 ? dispatchOthers() : dispatchGroups(context, identify, options, onEnd).then(dispatchOthers);
  const inTime = await endsWithin(all, options.waitMs, context, options.signal);
  const results = ended.splice(0);
  const released = inTime ? untouched.map(({ run }) => run.idempotencyKey) : [];
  if (!inTime) options.track(settleLater(context, options.environment, all, ended, untouched));
  else if (untouched.length > 0) await release(context, untouched);
  return { results: await settle(context, results), released };
}

/** Resolves when every group has ended. */
function dispatchGroups(
  { dispatcher }: SourceContext,
  groups: readonly (readonly ClaimedRun[])[],
  { leasedUntil, requests }: DispatchOptions,
  onEnd: DispatchRound["onEnd"],
): Promise<void> {
  return new Promise((resolve) => {
    let left = groups.length;
    if (left === 0) resolve();
    const round: DispatchRound = {
      leasedUntil,
      requests,
      onEnd(group, results) {
        onEnd(group, results);
        left -= 1;
        if (left === 0) resolve();
      },
    };
    for (const group of groups) dispatcher.dispatch(group, round);
  });
}

/** Runs that are for the members of a group become runs of their own, which are dispatched in turn. */
function expandAll(
  context: SourceContext,
  expand: readonly ClaimedRun[],
  options: DispatchOptions,
  onEnd: DispatchRound["onEnd"],
): Promise<unknown> {
  const { owner, environment, track } = options;
  // No attempt outlives the lease, so by then all have ended.
  const waitMs = context.options.leaseMs;
  const dispatch = (claimed: readonly ClaimedRun[], leasedUntil: number) => {
    const own = { claimed, leasedUntil, waitMs, requests: new Map(), signal: undefined };
    return dispatchClaimed(context, { environment, owner, track, ...own });
  };
  return Promise.all(
    expand.map(async (each) => {
      const result = await expandMembers(context, each, { owner, dispatch });
      onEnd([each], result === null ? null : [result]);
    }),
  );
}

/** `true` when the work ended, `false` when the time or the caller's patience did. */
function endsWithin(
  work: Promise<unknown>,
  waitMs: number,
  { options: { clock } }: SourceContext,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return new Promise((resolve) => {
    const giveUp = () => finish(false);
    const cancelTimer = clock.schedule(giveUp, waitMs);
    signal?.addEventListener("abort", giveUp, { once: true });
    const finish = (inTime: boolean) => {
      cancelTimer();
      signal?.removeEventListener("abort", giveUp);
      resolve(inTime);
    };
    work.then(() => finish(true), giveUp);
  });
}

async function settleLater(
  context: SourceContext,
  environment: string,
  all: Promise<unknown>,
  ended: RunResult[],
  untouched: readonly ClaimedRun[],
): Promise<void> {
  try {
    await all;
    await settle(context, ended.splice(0));
    if (untouched.length > 0) await release(context, untouched);
  } catch (cause) {
    // The leases run out by themselves, and the runs are then dispatched again under the same keys.
    const message =
      "Runs were dispatched, but what came of them could not be written down; they will be dispatched again.";
    reportError(context, environment, toStorageError(cause, message), message);
  }
}

async function settle(context: SourceContext, results: readonly RunResult[]): Promise<readonly RunResult[]> {
  if (results.length === 0) return [];
  const write = () =>
    context.storageCall("runs.settle", (signal) => context.options.storage.runs.settle({ results, signal }));
  // Dispatching again costs a notification twice on runners that cannot tell; asking storage again costs nothing.
  const settled = await write().catch(write);
  if (!settled.includes(false)) return results;
  const refused = results.filter((_, index) => settled[index] === false);
  const keys = refused.map((result) => result.idempotencyKey);
  context.options.logger.warn(
    { source: context.options.key, keys },
    "the lease of these runs was lost; another process has them",
  );
  return results.filter((_, index) => settled[index] !== false);
}

async function release(context: SourceContext, claimed: readonly ClaimedRun[]): Promise<void> {
  const runs = claimed.map(({ run, fence }) => ({ idempotencyKey: run.idempotencyKey, fence }));
  await context.storageCall("runs.release", (signal) => context.options.storage.runs.release({ runs, signal }));
}
