import type { Page } from "./page.js";
import type { Abortable, SourceScope } from "./scope.js";

/**
 * - `pending`: to be dispatched, now or at `nextAttemptAt`
 * - `held`: waits until the user `waitingFor` is identified
 * - `triggered`, `canceled`: done
 * - `failed`: refused for good by the runner; `dead`: gave up after the last attempt
 * - `uncertain`: an attempt ended unknown and the runner's idempotency window is over; left to a person
 * - `skipped`: the hold expired; `dropped`: somebody decided that it is not to be sent
 */
export const runStatuses = [
  "pending",
  "held",
  "triggered",
  "canceled",
  "failed",
  "dead",
  "uncertain",
  "skipped",
  "dropped",
] as const;
export type RunStatus = (typeof runStatuses)[number];

/** `identify` brings the user of an identify event to the engine; `expand` makes runs for the members of groups, see `expand`. */
export const runActions = ["trigger", "cancel", "identify", "expand"] as const;
export type RunAction = (typeof runActions)[number];

/** How a run waits until its recipient is identified. */
export interface RunHold {
  readonly userId: string;
  readonly forMs: number;
  /** What becomes of it when the time is over. */
  readonly onExpiry: "skip" | "create";
}

/** A planned run to be recorded with its event. */
export interface NewRun {
  /** Unique across all environments and sources; the primary key of a run. */
  readonly idempotencyKey: string;
  readonly trigger: string;
  readonly workflow: string;
  readonly action: RunAction;
  /** JSON text of the request. Frozen: every attempt sends exactly this. */
  readonly request: string;
  /** What `request` is the text of, where that is at hand: a storage that keeps objects may keep this one and make the text when it is read. */
  readonly frozen?: object;
  /** With it the run starts as `held` instead of `pending`. */
  readonly hold?: RunHold;
}

export interface RunRecord extends Omit<NewRun, "hold" | "frozen">, SourceScope {
  readonly messageId: string;
  readonly status: RunStatus;
  /** Attempts that were settled. */
  readonly attempts: number;
  /** Those that had been settled when somebody last asked for another one; what limits attempts counts from there. */
  readonly attemptsBeforeRetry: number;
  /** When its event was received. */
  readonly receivedAt: Date;
  /**
   * When it was first claimed, or first claimed since somebody asked for another attempt: from then on one may have been made, even if
   * none was written down.
   */
  readonly firstClaimedAt: Date | null;
  readonly nextAttemptAt: Date | null;
  /** The user that the run waits for, or waited for. */
  readonly waitingFor: string | null;
  readonly heldUntil: Date | null;
  readonly workflowRunId: string | null;
  /** How the last attempt failed; no personal data. */
  readonly error: string | null;
  /** The key of the run that made this one by `expand`. */
  readonly parent: string | null;
  /** How far this run has come with making others, as `expand` last wrote it. */
  readonly progress: string | null;
  /** How long the last attempt took; `null` before one was settled. */
  readonly durationMs: number | null;
}

/** A run that is leased to the caller until the lease ends. */
export interface ClaimedRun {
  readonly run: RunRecord;
  /** Grows with every claim of the run; a settle with an older one is refused. */
  readonly fence: number;
  /** By the storage's clock, as `firstClaimedAt` is: together they say how long ago that was, whatever other clocks say. */
  readonly leasedUntil: Date;
}

/** What came of one attempt. */
export interface RunResult {
  readonly idempotencyKey: string;
  readonly fence: number;
  readonly status: Exclude<RunStatus, "held">;
  readonly workflowRunId: string | null;
  readonly error: string | null;
  /** For `pending`: how long to wait before the next claim may take it. */
  readonly retryInMs: number | null;
  /** How long the attempt took, in whole milliseconds; absent where it is not known. */
  readonly durationMs?: number;
}

/** What a person may decide: `retry` sends runs again, `release` waits with held ones no longer, `drop` ends runs unsent. */
export type RunDecision = "retry" | "release" | "drop";

export interface DecideParams extends SourceScope, Abortable {
  readonly decision: RunDecision;
  readonly idempotencyKeys: readonly string[];
  readonly owner: string;
  /** How long the caller owns the runs that become pending. `null`: it takes none, and leaves them all to `claim`. */
  readonly leaseMs: number | null;
}

export interface DecideResult {
  /** Idempotency keys of the runs that the decision changed. */
  readonly changed: readonly string[];
  readonly claimed: readonly ClaimedRun[];
}

export interface ListRunsParams extends Abortable {
  readonly environment: string;
  readonly source?: string | undefined;
  readonly status?: RunStatus | undefined;
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface RunStore {
  /** Leases pending runs that are due and that nobody holds, oldest due first. Each run goes to one caller only. */
  claim(
    params: SourceScope & Abortable & { readonly owner: string; readonly leaseMs: number; readonly limit: number },
  ): Promise<readonly ClaimedRun[]>;
  /**
   * Writes down what came of attempts, counts the attempt, ends the lease, and brings the status of the events up to date;
   * atomic. A result whose fence is not the run's current one is refused: `false` at its place, and nothing is changed by it.
   */
  settle(params: Abortable & { readonly results: readonly RunResult[] }): Promise<readonly boolean[]>;
  /** Gives leases back without an attempt; stale fences are passed over. */
  release(
    params: Abortable & { readonly runs: readonly { readonly idempotencyKey: string; readonly fence: number }[] },
  ): Promise<void>;
  /**
   * Carries out what a person decided about runs, as far as the table `runDecisions` allows it in the status that each one has; atomic.
   * Fences grow, so that an attempt that is under way can not be settled over the decision; the status of the events follows. A run
   * that becomes pending is due at once, with the request and the key that it always had, and counts as never claimed.
   */
  decide(params: DecideParams): Promise<DecideResult>;
  /** Newest first by time of receipt; all statuses unless one is named. */
  list(params: ListRunsParams): Promise<Page<RunRecord>>;
  /**
   * Makes held runs pending that wait for these users, by whichever of their merged ids, in all sources of the environment, and leases
   * those of `source` to the caller (none with `leaseMs: null`). Each run is handed to one caller only. A run recorded by a call that
   * had ended before this one began is seen.
   */
  wake(params: WakeParams): Promise<readonly ClaimedRun[]>;
  /** Users whose held runs' time is over, longest first; at most `limit`. */
  expired(
    params: SourceScope & Abortable & { readonly limit: number },
  ): Promise<readonly Pick<RunHold, "userId" | "onExpiry">[]>;
  /** Makes held runs whose time is over and that wait for these users `skipped`. Answers with how many there were. */
  skip(params: SourceScope & Abortable & { readonly userIds: readonly string[] }): Promise<number>;
  /**
   * Adds runs to the event of a run, writes down how far that run has come, and prolongs its lease; atomic. The new runs are leased
   * to the caller as well. In the same step it makes sure that everybody whom the runs are for is still a member: a deletion erases
   * the memberships of a user before it searches for what mentions them, so that it either finds these runs or keeps them from being
   * written. An erasure of a membership and this call wait for each other, whichever processes they are of.
   */
  expand(params: ExpandParams): Promise<ExpandResult>;
}

export interface ExpandParams extends Abortable {
  readonly idempotencyKey: string;
  readonly fence: number;
  /** The run's own, from which the runs were made. */
  readonly request: string;
  /** Opaque to storage. */
  readonly progress: string;
  readonly runs: readonly NewRun[];
  readonly members: ExpandedMembers;
  readonly owner: string;
  readonly leaseMs: number;
}

/** Whom the runs are for, in the environment of the run that makes them. */
export interface ExpandedMembers {
  readonly groupIds: readonly string[];
  /** As `groups.members` named them, whatever ids the runs name for them. Each has to be a member of one of the groups. */
  readonly userIds: readonly string[];
}

/**
 * - `expanded`: `claimed` are the runs that are leased to the caller; those that are held are not among them
 * - `members_left`: somebody is no member any more. Nothing was written and no lease prolonged: whoever is left can be read anew
 * - `request_changed`: somebody was taken out of the run's request since it was read, and the runs may still name them. Nothing was
 *   written and no lease prolonged
 * - `lease_lost`: the fence is not the run's current one, or the run is no longer pending. Nothing was written
 */
export type ExpandResult =
  | { readonly status: "expanded"; readonly claimed: readonly ClaimedRun[] }
  | { readonly status: "members_left" }
  | { readonly status: "request_changed" }
  | { readonly status: "lease_lost" };

export interface WakeParams extends SourceScope, Abortable {
  readonly userIds: readonly string[];
  readonly owner: string;
  readonly leaseMs: number | null;
}
