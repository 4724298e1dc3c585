import { BellwireError } from "../core/errors.js";
import type { ClaimedRun, RunResult } from "../storage/run-store.js";
import { expandMembers } from "./expand-members.js";
import { groupRuns } from "./group-runs.js";
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
  const { leasedUntil, requests } = options;
  if (options.claimed.length === 0) return { results: [], released: [] };
  const claimed = options.claimed.filter(({ run }) => run.action !== "expand");
  const expanding = options.claimed.filter(({ run }) => run.action === "expand");
  const ended: RunResult[] = [];
  const untouched: ClaimedRun[] = [];
  const dispatch = async (group: readonly ClaimedRun[]) => {
    const results = await context.dispatcher.dispatch(group, leasedUntil, requests);
    if (results === null) untouched.push(...group);
    else ended.push(...results);
  };
  const expand = async (each: ClaimedRun) => {
    const result = await expandMembers(context, each, { owner: options.owner, dispatch: dispatchMade });
    if (result === null) untouched.push(each);
    else ended.push(result);
  };
  const groups = groupRuns(claimed, context.options.runner);
  const identified = groups.identify.map(dispatch);
  const all =
    identified.length === 0
      ? dispatchAll(groups.others)
      : Promise.all(identified).then(() => dispatchAll(groups.others));
  const inTime = await endsWithin(all, options.waitMs, context, options.signal);
  const results = ended.splice(0);
  const released = inTime ? untouched.map(({ run }) => run.idempotencyKey) : [];
  if (!inTime) options.track(settleLater(context, options.environment, all, ended, untouched));
  else await release(context, untouched);
  return { results: await settle(context, results), released };

  function dispatchAll(others: readonly (readonly ClaimedRun[])[]): Promise<unknown> {
    return Promise.all([...others.map(dispatch), ...expanding.map(expand)]);
  }

  function dispatchMade(made: readonly ClaimedRun[], until: number): Promise<unknown> {
    // No attempt outlives the lease, so by then all have ended.
    const waitMs = context.options.leaseMs;
    const own = { claimed: made, leasedUntil: until, waitMs, requests: new Map(), signal: undefined };
    return dispatchClaimed(context, { ...options, ...own });
  }
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
    await release(context, untouched);
  } catch (cause) {
    // The leases run out by themselves, and the runs are then dispatched again under the same keys.
    const message =
      "Runs were dispatched, but what came of them could not be written down; they will be dispatched again.";
    const error = BellwireError.is(cause)
      ? cause
      : new BellwireError({ code: "STORAGE_FAILED", message, cause, retryable: true });
    context.options.logger.error({ err: error, source: context.options.key, environment }, message);
    context.emitter.emit("error", { source: context.options.key, environment, error });
  }
}

async function settle(context: SourceContext, results: readonly RunResult[]): Promise<readonly RunResult[]> {
  if (results.length === 0) return [];
  const write = () =>
    context.storageCall("runs.settle", (signal) => context.options.storage.runs.settle({ results, signal }));
  // Dispatching again costs a notification twice on runners that cannot tell; asking storage again costs nothing.
  const settled = await write().catch(write);
  const refused = results.filter((_, index) => settled[index] === false);
  if (refused.length === 0) return results;
  const keys = refused.map((result) => result.idempotencyKey);
  context.options.logger.warn(
    { source: context.options.key, keys },
    "the lease of these runs was lost; another process has them",
  );
  return results.filter((_, index) => settled[index] !== false);
}

async function release(context: SourceContext, claimed: readonly ClaimedRun[]): Promise<void> {
  if (claimed.length === 0) return;
  const runs = claimed.map(({ run, fence }) => ({ idempotencyKey: run.idempotencyKey, fence }));
  await context.storageCall("runs.release", (signal) => context.options.storage.runs.release({ runs, signal }));
}
