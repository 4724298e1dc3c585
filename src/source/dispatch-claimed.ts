import type { TimeWindow } from "../core/time-limit.js";
import type { RunResult } from "../storage/run-store.js";
import { DispatchWork } from "./dispatch-work.js";
import { isPutOff } from "./ended-run.js";
import { expandMembers } from "./expand-members.js";
import { groupRuns } from "./group-runs.js";
import { reportError, toStorageError } from "./report-error.js";
import type { RunTask } from "./run-task.js";
import type { SourceContext } from "./source-context.js";

export interface DispatchOptions {
  readonly claimed: readonly RunTask[];
  readonly environment: string;
  /** Names this process in the leases it takes. */
  readonly owner: string;
  /** By the local clock; reckoned from before the lease was taken. */
  readonly leasedUntil: number;
  /** As long as the caller waits; what is not done by then goes on. */
  readonly wait: TimeWindow;
  readonly signal: AbortSignal | undefined;
  /** Keeps work that outlives the call from being forgotten by `close`. */
  readonly track: (work: Promise<void>) => void;
}

export interface Dispatched {
  /** The attempts that are written down. */
  readonly results: readonly RunResult[];
  /**
   * Keys of runs that no attempt was made with, because it could have outlived the lease or the engine asked to wait: they are free
   * for whoever asks next.
   */
  readonly released: readonly string[];
}

/** Dispatches claimed runs and settles them: everything that ended in time with one call. */
export async function dispatchClaimed(context: SourceContext, options: DispatchOptions): Promise<Dispatched> {
  const { claimed, leasedUntil } = options;
  if (claimed.length === 0) return nothingDispatched;
  const putOff = findPutOff(claimed, leasedUntil - context.options.clock.now());
  const due = putOff.length === 0 ? claimed : claimed.filter((task) => !putOff.includes(task));
  const expand = (task: RunTask) => expandAndDispatch(context, task, options);
  const work = new DispatchWork(groupRuns(due, context.options.runner), {
    dispatcher: context.dispatcher,
    leasedUntil,
    expand,
    putOff,
  });
  const inTime = await work.run(options.wait, options.signal);
  const results = work.takeEnded();
  if (!inTime) {
    options.track(settleLater(context, options.environment, work));
    return { results: await settle(context, results), released: [] };
  }
  const settled = await settle(context, results);
  const { untouched } = work;
  if (untouched.length > 0) await release(context, options.environment, untouched);
  return { results: settled, released: untouched.map(({ run }) => run.idempotencyKey) };
}

export const nothingDispatched: Dispatched = { results: [], released: [] };

const none: readonly RunTask[] = [];

function findPutOff(claimed: readonly RunTask[], leftMs: number): readonly RunTask[] {
  const isOne = (task: RunTask) => isPutOff(task, leftMs);
  return claimed.some(isOne) ? claimed.filter(isOne) : none;
}

/** A run that is for the members of a group becomes runs of their own, which are dispatched in turn. */
function expandAndDispatch(
  context: SourceContext,
  task: RunTask,
  { owner, environment, track }: DispatchOptions,
): Promise<RunResult | null> {
  const dispatch = (claimed: readonly RunTask[], leasedUntil: number) => {
    // No attempt outlives the lease, so by then all have ended.
    const own = { claimed, leasedUntil, wait: context.leases.open(), signal: undefined };
    return dispatchClaimed(context, { environment, owner, track, ...own });
  };
  return expandMembers(context, task, { owner, dispatch });
}

async function settleLater(context: SourceContext, environment: string, work: DispatchWork): Promise<void> {
  try {
    await work.end();
    await settle(context, work.takeEnded());
    if (work.untouched.length > 0) await release(context, environment, work.untouched);
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
  let settled: readonly boolean[];
  try {
    settled = await write();
  } catch {
    // Dispatching again costs a notification twice on runners that cannot tell; asking storage again costs nothing.
    settled = await write();
  }
  if (!settled.includes(false)) return results;
  const refused = results.filter((_, index) => settled[index] === false);
  const keys = refused.map((result) => result.idempotencyKey);
  context.options.logger.warn(
    { source: context.options.key, keys },
    "these runs were settled already, or their lease was lost and another process has them",
  );
  return results.filter((_, index) => settled[index] !== false);
}

/** A lease that is not given back runs out by itself, so a failure here fails no caller. */
async function release(context: SourceContext, environment: string, claimed: readonly RunTask[]): Promise<void> {
  const runs = claimed.map(({ run, fence }) => ({ idempotencyKey: run.idempotencyKey, fence }));
  try {
    await context.storageCall("runs.release", (signal) => context.options.storage.runs.release({ runs, signal }));
  } catch (cause) {
    const message = "Runs that were not sent could not be given back; they will be dispatched when their leases end.";
    reportError(context, environment, toStorageError(cause, message), message);
  }
}
