import type { ClaimedRun } from "../storage/run-store.js";
import type { SourceScope } from "../storage/scope.js";
import type { RecordResult } from "../storage/storage.js";
import type { IdentifiedUsers } from "./identify-users.js";
import { knownUsers } from "./known-users.js";
import type { SourceContext } from "./source-context.js";
import { createUsers } from "./tell-engine.js";

const batchSize = 500;

export interface RecordedHolds {
  readonly users: IdentifiedUsers;
  readonly recorded: readonly RecordResult[];
  /** Whom the runs of this payload wait for. */
  readonly waitingFor: readonly string[];
}

/** Whether there is anybody to look for. */
export function mayRelease({ users, recorded, waitingFor }: RecordedHolds): boolean {
  return users.identified.length > 0 || waitingFor.length > 0 || recorded.some(({ stored }) => stored !== null);
}

/**
 * Users whose held runs can go, after a payload was recorded. Two orders have to be right: an identify that was stored before the
 * hold was recorded is found by looking up once more; one that is stored after it finds the hold itself, because users are updated
 * before their runs are woken.
 */
export async function findReleased(
  context: SourceContext,
  environment: string,
  { users, recorded, waitingFor }: RecordedHolds,
): Promise<readonly string[]> {
  const usesHolds = context.options.unidentified.kind === "hold" || context.registry.hasHolds();
  const released = new Set(usesHolds ? users.identified : users.created);
  const waiting = new Set(waitingFor);
  // A delivery that ended before it could look up once more left that to the next one.
  for (const { stored } of recorded) {
    for (const run of stored?.runs ?? [])
      if (run.status === "held" && run.waitingFor !== null) waiting.add(run.waitingFor);
  }
  for (const userId of (await knownUsers(context, environment, [...waiting])).keys()) released.add(userId);
  return [...released];
}

export interface WakeOptions extends SourceScope {
  readonly owner: string;
  readonly userIds: readonly string[];
  /** `null` leaves the runs to whoever dispatches what is due. */
  readonly leaseMs: number | null;
}

/** @returns the runs that are leased to this process by it */
export async function wakeHeld(context: SourceContext, options: WakeOptions): Promise<readonly ClaimedRun[]> {
  if (options.userIds.length === 0) return [];
  const { runs } = context.options.storage;
  return context.storageCall("runs.wake", (signal) => runs.wake({ ...options, signal }));
}

/** Ends holds whose time is over: whoever is known by now is notified, the others are created or skipped. */
export async function expireHolds(context: SourceContext, scope: SourceScope, owner: string): Promise<void> {
  const { runs } = context.options.storage;
  for (;;) {
    // From before it is read who waits: a deletion that begins after that is not undone.
    const at = new Date(context.options.clock.now());
    const expired = await context.storageCall("runs.expired", (signal) =>
      runs.expired({ ...scope, limit: batchSize, signal }),
    );
    if (expired.length === 0) return;
    const known = await knownUsers(context, scope.environment, [...new Set(expired.map(({ userId }) => userId))]);
    const wanted = expired.filter(({ userId, onExpiry }) => onExpiry === "create" && !known.has(userId));
    const created = await createUsers(context, scope.environment, new Set(wanted.map(({ userId }) => userId)), at);
    const userIds = [...known.keys(), ...created.keys()];
    await wakeHeld(context, { ...scope, userIds, owner, leaseMs: null });
    const unknown = new Set(expired.map(({ userId }) => userId).filter((id) => !userIds.includes(id)));
    if (unknown.size === 0) continue;
    await context.storageCall("runs.skip", (signal) => runs.skip({ ...scope, userIds: [...unknown], signal }));
  }
}
