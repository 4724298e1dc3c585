import type { JsonValue } from "../core/json.js";
import type { EventReason } from "../core/reasons.js";
import type { EventDecision } from "../outcome/decision.js";
import type { EventStatus } from "../outcome/outcome.js";
import type { GroupStore } from "./group-store.js";
import type { Page } from "./page.js";
import type { EraseMentionsParams, PurgeParams } from "./retention.js";
import type { Abortable, SourceScope } from "./scope.js";
import type { TriggerStore } from "./trigger-store.js";
import type { UserStore } from "./user-store.js";

/** A recorded event's status. `duplicate` is never stored: it is what a second delivery is told. */
export type RecordedEventStatus = Exclude<EventStatus, "duplicate">;

/**
 * - `pending`: to be dispatched, now or at `nextAttemptAt`
 * - `held`: waits until the user `waitingFor` is identified
 * - `triggered`, `canceled`: done
 * - `failed`: refused for good by the runner; `dead`: gave up after the last attempt
 * - `uncertain`: an attempt ended unknown and the runner's idempotency window is over; left to a person
 * - `skipped`: the hold expired
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
] as const;
export type RunStatus = (typeof runStatuses)[number];

/** `identify` brings the user of an identify event to the engine; `expand` makes runs for the members of groups, see `expand`. */
export const runActions = ["trigger", "cancel", "identify", "expand"] as const;
export type RunAction = (typeof runActions)[number];

/** A run that waits until its recipient is identified. */
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
  /** With it the run starts as `held` instead of `pending`. */
  readonly hold?: RunHold;
}

/** An event to be recorded together with its planned runs. */
export interface NewEvent {
  readonly messageId: string;
  readonly type: string | null;
  readonly name: string | null;
  readonly userId: string | null;
  readonly anonymousId: string | null;
  readonly occurredAt: Date;
  readonly receivedAt: Date;
  /** As it arrived; `null` where payloads are not kept. May hold `\u0000` and lone surrogates. */
  readonly payload: JsonValue;
  /** The status once none of its runs is pending; `failed` runs turn `processed` into `failed`. */
  readonly status: Exclude<RecordedEventStatus, "in_progress">;
  readonly reason: EventReason | null;
  /** JSON text of the `EventDecision`. */
  readonly decision: EventDecision;
  readonly runs: readonly NewRun[];
  /** Users whom the event or its runs name: none of them may have been deleted at or after `occurredAt`. */
  readonly names?: readonly string[];
}

export interface RunRecord extends Omit<NewRun, "hold">, SourceScope {
  readonly messageId: string;
  readonly status: RunStatus;
  /** Attempts that were settled. */
  readonly attempts: number;
  /** When it was first claimed: from then on an attempt may have been made, even if none was written down. */
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
}

export interface EventRecord extends Omit<NewEvent, "status" | "runs" | "names">, SourceScope {
  readonly status: RecordedEventStatus;
  /** As they were recorded; those that `expand` added later are told by `runs.list`. */
  readonly runs: readonly RunRecord[];
}

/**
 * - `new`: recorded by this call; its pending runs are leased to the caller
 * - `finished`: recorded before, nothing pending
 * - `leased`: recorded before, and somebody else holds the lease of a pending run
 * - `unfinished`: recorded before and nobody is on it: its pending runs, as first planned, are now leased to the caller
 * - `refused`: not recorded, because it names users who were deleted
 */
export type RecordStatus = "new" | "finished" | "leased" | "unfinished" | "refused";

export interface RecordResult {
  readonly status: RecordStatus;
  /** The pending runs now leased to the caller, in the order they were planned. Empty for `finished` and `leased`. */
  readonly claimed: readonly ClaimedRun[];
  /** What is stored, for `finished`, `leased` and `unfinished`; otherwise `null`. */
  readonly stored: EventRecord | null;
  /** Of a `refused` event: those of its `names` who were deleted. */
  readonly deleted?: readonly string[];
}

export interface RecordParams extends SourceScope, Abortable {
  /** Names the process that takes the leases, for people who read the table. */
  readonly owner: string;
  /** How long the caller owns the runs. `null`: it takes none, and leaves them all to `claim`. */
  readonly leaseMs: number | null;
  /** messageIds are distinct. */
  readonly events: readonly NewEvent[];
}

export interface ListEventsParams extends Abortable {
  readonly environment: string;
  readonly source?: string | undefined;
  readonly status?: RecordedEventStatus | undefined;
  readonly type?: string | undefined;
  readonly name?: string | undefined;
  readonly userId?: string | undefined;
  /** Received at or after. */
  readonly receivedFrom?: Date | undefined;
  /** Received before. */
  readonly receivedTo?: Date | undefined;
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** How often an event name was received. */
export interface EventNameCount {
  readonly type: string;
  readonly name: string | null;
  readonly count: number;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
}

export interface EventStore {
  /**
   * Records events with their planned runs: dedupe, inbox and outbox in one. The whole call is atomic.
   * Results stand in the order of `params.events`. Of concurrent calls with the same event exactly one is told `new`.
   * An event that names somebody deleted is refused, also where `erase` runs at the same time: either it sees the event, or `record`
   * sees the deletion. Runs made by `expand` are handed back by nobody but `claim`.
   */
  record(params: RecordParams): Promise<readonly RecordResult[]>;
  /** `null` when no such event is kept. */
  get(params: SourceScope & Abortable & { readonly messageId: string }): Promise<EventRecord | null>;
  /** Newest first, by time of receipt; the order is total, so pages neither repeat nor leave out. */
  list(params: ListEventsParams): Promise<Page<EventRecord>>;
  /** The names received, most recently seen first. Counts each recorded event once. */
  names(
    params: Abortable & { readonly environment: string; readonly source?: string | undefined },
  ): Promise<readonly EventNameCount[]>;
  /**
   * Retention. Events received longer ago than `payloadsOlderThanMs` lose their payload and decision but stay known as
   * duplicates; those older than `eventsOlderThanMs` go altogether, as do hashes of users deleted before then. Events with
   * pending or held runs stay whole. At most `limit` rows of each kind a call: call again while a count equals `limit`.
   */
  purge(params: PurgeParams): Promise<{ readonly payloads: number; readonly events: number }>;
  /**
   * Keeps a hash of the id with `at`, by which `record` refuses what happened before then, and erases what is kept of a user's
   * events: payload, decision, user id and runs, pending ones too; and of events of others the runs that wait or waited for the
   * user, with payload and decision, which name them. An anonymous id's events are those without a user id. The messageIds stay
   * known as duplicates, so that a late retry is not processed. Answers with how many events were erased.
   */
  erase(
    params: Abortable & { readonly environment: string; readonly userId: string; readonly at: Date },
  ): Promise<number>;
  /** Takes a user out of other people's events, a bounded number of events a call: call again while a cursor comes back. */
  eraseMentions(params: EraseMentionsParams): Promise<{ readonly erased: number; readonly nextCursor: string | null }>;
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

export interface ListRunsParams extends Abortable {
  readonly environment: string;
  readonly source?: string | undefined;
  readonly status?: RunStatus | undefined;
  readonly limit: number;
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
  /** Newest first. */
  list(params: ListRunsParams): Promise<Page<RunRecord>>;
  /**
   * Makes held runs that wait for these users pending, in all sources of the environment, and leases those of `source` to the
   * caller (none with `leaseMs: null`). Each run is handed to one caller only. A run recorded by a call that had ended before this
   * one began is seen.
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
   * to the caller as well. `null` when the fence is not the run's current one: nothing was done.
   */
  expand(params: ExpandParams): Promise<readonly ClaimedRun[] | null>;
}

export interface ExpandParams extends Abortable {
  readonly idempotencyKey: string;
  readonly fence: number;
  /** Opaque to storage. */
  readonly progress: string;
  readonly runs: readonly NewRun[];
  readonly owner: string;
  readonly leaseMs: number;
}

export interface WakeParams extends SourceScope, Abortable {
  readonly userIds: readonly string[];
  readonly owner: string;
  readonly leaseMs: number | null;
}

/**
 * Where everything is kept. Implementations are checked with `storageConformance` from `bellwire/testing`.
 * A failing method rejects; the caller treats any rejection as "unknown whether it happened" and may repeat the call.
 */
export interface Storage {
  readonly events: EventStore;
  readonly runs: RunStore;
  readonly users: UserStore;
  readonly groups: GroupStore;
  readonly triggers: TriggerStore;
  /**
   * Whether a call has a price whatever it carries, such as a round trip or a flush to disk. A source then merges the `record`,
   * `settle`, `update` and `known` of payloads that it handles at the same time.
   * @default false
   */
  readonly coalesce?: boolean;
  /** Releases what the storage itself opened; never what the host passed in. */
  close?(): Promise<void>;
}

/** A storage whose users have every power, as those that come with Bellwire do. */
export interface FullStorage extends Storage {
  readonly users: Required<UserStore>;
}
