import { BellwireError } from "../core/errors.js";
import type { SafeEmitter } from "../core/safe-emitter.js";
import type { TimeLimit } from "../core/time-limit.js";
import type { SourceScope } from "../storage/scope.js";
import type { TriggerRegistry } from "../triggers/trigger-registry.js";
import type { Assumptions } from "./assumptions.js";
import type { Dispatcher } from "./dispatcher.js";
import type { KeyOfRun } from "./idempotency-key.js";
import type { InEnvironment } from "./in-environment.js";
import type { Overrides } from "./overrides.js";
import type { ResolvedOptions } from "./resolve-options.js";
import type { RunnerCall } from "./runner-call.js";
import type { SegmentSourceEvents } from "./source-events.js";
import type { StorageCall } from "./storage-call.js";
import type { StoredTriggers } from "./stored-triggers.js";

/** What the parts of one source share. */
export interface SourceContext {
  readonly options: ResolvedOptions;
  readonly registry: TriggerRegistry;
  readonly stored: StoredTriggers;
  readonly overrides: Overrides;
  readonly assumptions: Assumptions;
  readonly storageCall: StorageCall;
  readonly runnerCall: RunnerCall;
  /** Keys for the runs of one source in one environment. */
  readonly keysOf: (scope: SourceScope) => KeyOfRun;
  readonly dispatcher: Dispatcher;
  /** How long whoever handed a payload in waits for its runs. */
  readonly deadlines: TimeLimit;
  /** As long as leases last. */
  readonly leases: TimeLimit;
  readonly emitter: SafeEmitter<SegmentSourceEvents>;
  /** Whether no new work is to be begun. */
  readonly isClosing: () => boolean;
}

/**
 * The environment that was named, or the only one there is.
 * @throws `CONFIG_ENVIRONMENT_UNKNOWN`
 */
export function resolveEnvironment(options: ResolvedOptions, environment: string | undefined): string {
  const names = [...options.environments.keys()];
  const [only] = names;
  if (environment === undefined && names.length === 1 && only !== undefined) return only;
  if (environment !== undefined && options.environments.has(environment)) return environment;
  const isUnnamed = environment === undefined;
  const what = isUnnamed ? "No environment was named" : `There is no environment ${JSON.stringify(environment)}`;
  const fix = isUnnamed ? ` Name one, such as { environment: ${JSON.stringify(only)} }.` : "";
  throw new BellwireError({
    code: "CONFIG_ENVIRONMENT_UNKNOWN",
    message: `${what}; the source "${options.key}" has: ${names.join(", ")}.${fix}`,
    details: { environments: names },
  });
}

/**
 * The environment that a call is about, once it is clear that the call is still wanted.
 * @throws `ABORTED`, `CONFIG_ENVIRONMENT_UNKNOWN`
 */
export function environmentOfCall(options: ResolvedOptions, { environment, signal }: InEnvironment): string {
  throwIfAborted(signal);
  return resolveEnvironment(options, environment);
}

/** How long this process owns the runs that a call records or makes pending; `null` where the background takes them. */
export function ownLeaseMs({ dispatch, leaseMs }: ResolvedOptions): number | null {
  return dispatch === "inline" ? leaseMs : null;
}

/** @throws `ABORTED` with the signal's reason as cause */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new BellwireError({ code: "ABORTED", message: "The call was aborted by its signal.", cause: signal.reason });
}
