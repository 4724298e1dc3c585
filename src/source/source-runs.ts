import { oneOf, texts } from "../mapping/option-checks.js";
import { type RunDecision, runStatuses } from "../storage/run-store.js";
import { checkCall, openCall, pageChecks } from "./check-call.js";
import { dispatchClaimed } from "./dispatch-claimed.js";
import type { ChangedBy, InEnvironment } from "./in-environment.js";
import { boundedLimit } from "./page-limit.js";
import type { SegmentSourceRuns } from "./segment-source-runs.js";
import { audit } from "./source-audit.js";
import { ownLeaseMs, resolveEnvironment, type SourceContext, throwIfAborted } from "./source-context.js";

export interface SourceRunsOptions {
  /** Names this process in the leases it takes. */
  readonly owner: string;
  /** Keeps work that outlives the call from being forgotten by `close`. */
  readonly track: (work: Promise<void>) => void;
  /** Tells the background that something is due. */
  readonly wake: () => void;
}

const batchSize = 500;
const listChecks = { status: oneOf(...runStatuses), ...pageChecks };

export function createSourceRuns(context: SourceContext, options: SourceRunsOptions): SegmentSourceRuns {
  const { storage, key: source } = context.options;
  const decide = async (decision: RunDecision, keys: readonly string[], call: InEnvironment & ChangedBy = {}) => {
    texts(keys, `runs.${decision}: keys`);
    checkCall(`runs.${decision}`, { call });
    const environment = resolveEnvironment(context.options, call.environment);
    const distinct = [...new Set(keys)];
    let changed = 0;
    for (let from = 0; from < distinct.length; from += batchSize) {
      throwIfAborted(call.signal);
      const batch = { environment, decision, keys: distinct.slice(from, from + batchSize), by: call.by };
      changed += (await decideBatch(context, options, batch)).length;
    }
    return changed;
  };
  return {
    async list(call = {}) {
      const environment = openCall(context.options, "runs.list", { call, checks: listChecks });
      const { status, limit, cursor } = call;
      return context.storageCall("runs.list", (signal) =>
        storage.runs.list({ environment, source, status, limit: boundedLimit(limit), cursor, signal }),
      );
    },
    retry: (keys, call) => decide("retry", keys, call),
    release: (keys, call) => decide("release", keys, call),
    drop: (keys, call) => decide("drop", keys, call),
  };
}

interface Batch {
  readonly environment: string;
  readonly decision: RunDecision;
  readonly keys: readonly string[];
  readonly by: string | undefined;
}

const actions = { retry: "runs_retried", release: "runs_released", drop: "runs_dropped" } as const;
/** Keys that the audit names; of more it says how many. */
const maxNamed = 100;

/** @returns the keys of the runs that were changed; what became pending has been sent, or is left to the background */
async function decideBatch(
  context: SourceContext,
  { owner, track, wake }: SourceRunsOptions,
  { environment, decision, keys: idempotencyKeys, by }: Batch,
): Promise<readonly string[]> {
  const { clock, storage, key: source } = context.options;
  const leaseMs = ownLeaseMs(context.options);
  const leasedUntil = clock.now() + context.options.leaseMs;
  const { changed, claimed } = await context.storageCall("runs.decide", (signal) =>
    storage.runs.decide({ environment, source, decision, idempotencyKeys, owner, leaseMs, signal }),
  );
  const dispatched = dispatchClaimed(context, {
    claimed,
    environment,
    owner,
    leasedUntil,
    wait: context.deadlines.open(),
    signal: undefined,
    track,
  });
  wake();
  if (changed.length === 0) return changed;
  const [only] = changed;
  const subject = changed.length === 1 && only !== undefined ? only : null;
  const detail = { changed: changed.length, keys: changed.slice(0, maxNamed) };
  const audited = audit(context, { action: actions[decision], subject, environments: [environment], by, detail });
  await Promise.all([dispatched, audited]);
  return changed;
}
