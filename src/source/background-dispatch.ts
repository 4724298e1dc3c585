import type { Draft } from "../core/draft.js";
import type { ClaimedRun } from "../storage/run-store.js";
import { dispatchClaimed } from "./dispatch-claimed.js";
import { expireHolds } from "./holds.js";
import { reportError, toStorageError } from "./report-error.js";
import type { RecoverResult } from "./segment-source.js";
import { type SourceContext, throwIfAborted } from "./source-context.js";

const batchSize = 200;

export interface RecoverParams {
  readonly environment: string;
  readonly owner: string;
  readonly signal?: AbortSignal | undefined;
  readonly track: (work: Promise<void>) => void;
}

/** Claims the runs of one environment that are due, and dispatches them until none is left that was due when it began, or the source closes. */
export async function recoverRuns(context: SourceContext, params: RecoverParams): Promise<RecoverResult> {
  const counts = { claimed: 0, succeeded: 0, pending: 0, failed: 0 };
  await expireHolds(context, { environment: params.environment, source: context.options.key }, params.owner);
  for (;;) {
    throwIfAborted(params.signal);
    const claimed = await dispatchBatch(context, params, counts);
    if (claimed < batchSize || context.isClosing()) return counts;
  }
}

async function dispatchBatch(
  context: SourceContext,
  { environment, owner, signal: ofCaller, track }: RecoverParams,
  counts: Draft<RecoverResult>,
): Promise<number> {
  const { clock, leaseMs, storage, key: source } = context.options;
  const leasedUntil = clock.now() + leaseMs;
  const claimed: readonly ClaimedRun[] = await context.storageCall("runs.claim", (signal) =>
    storage.runs.claim({ environment, source, owner, leaseMs, limit: batchSize, signal }),
  );
  const { results } = await dispatchClaimed(context, {
    claimed,
    environment,
    owner,
    leasedUntil,
    // No attempt outlives the lease, so by then all have ended.
    wait: context.leases.open(),
    signal: ofCaller,
    track,
  });
  counts.claimed += claimed.length;
  for (const { status } of results) {
    if (status === "triggered" || status === "canceled") counts.succeeded += 1;
    else if (status === "pending") counts.pending += 1;
    else counts.failed += 1;
  }
  return claimed.length;
}

/** Dispatches what is due, again and again, until it is stopped. */
export interface BackgroundDispatch {
  start(pollMs: number): void;
  /** There may be something to do before the next poll. */
  wake(): void;
  /** Resolves when the batch in hand is settled. */
  stop(): Promise<void>;
}

export function createBackgroundDispatch(
  context: SourceContext,
  params: Omit<RecoverParams, "environment" | "signal">,
): BackgroundDispatch {
  const { clock, environments } = context.options;
  let loop: Promise<void> | null = null;
  let stopped = false;
  let woken = false;
  let resume: (() => void) | null = null;

  const wake = () => {
    woken = true;
    resume?.();
  };

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const cancelTimer = clock.schedule(() => resume?.(), ms);
      resume = () => {
        cancelTimer();
        resume = null;
        resolve();
      };
    });

  const sweep = async () => {
    for (const environment of environments.keys()) {
      if (stopped) return;
      try {
        await recoverRuns(context, { ...params, environment });
      } catch (cause) {
        // Storage is away; what is due stays due.
        const message = "Due runs could not be dispatched; trying again at the next poll.";
        reportError(context, environment, toStorageError(cause, message), message);
      }
    }
  };

  const run = async (pollMs: number) => {
    while (!stopped) {
      woken = false;
      await sweep();
      if (!stopped && !woken) await sleep(pollMs);
    }
  };

  return {
    start(pollMs) {
      if (!stopped) loop ??= run(pollMs);
    },
    wake,
    async stop() {
      stopped = true;
      wake();
      await loop;
    },
  };
}
