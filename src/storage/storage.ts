import type { JsonValue } from "../core/json.js";
import type { EventReason } from "../core/reasons.js";
import type { EventDecision } from "../outcome/decision.js";
import type { EventStatus } from "../outcome/outcome.js";
import type { AuditStore } from "./audit-store.js";
import type { EventNameCount } from "./event-name-count.js";
import type { EventSearch } from "./event-search.js";
import type { GroupStore } from "./group-store.js";
import type { Page } from "./page.js";
import type { EraseMentionsParams, PurgeParams } from "./retention.js";
import type { ClaimedRun, NewRun, RunRecord, RunStore } from "./run-store.js";
import type { Abortable, SourceScope } from "./scope.js";
import type { TimelineBucket, TimelineParams } from "./timeline.js";
import type { TriggerStore } from "./trigger-store.js";
import type { UserStore } from "./user-store.js";

/** A recorded event's status. `duplicate` is never stored: it is what a second delivery is told. */
export type RecordedEventStatus = Exclude<EventStatus, "duplicate">;

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
  /** A JSON text that says the same, where one is at hand: it may be stored as it is. Well-formed Unicode, no longer than an event may be. */
  readonly payloadText?: string | null;
  /** The status once none of its runs is pending; `failed` runs turn `processed` into `failed`. */
  readonly status: Exclude<RecordedEventStatus, "in_progress">;
  readonly reason: EventReason | null;
  /** What was decided when the event was received; plain JSON. */
  readonly decision: EventDecision;
  readonly runs: readonly NewRun[];
  /** Users whom the event or its runs name: none of them may have been deleted at or after `occurredAt`. */
  readonly names?: readonly string[];
  /** Users whom its plan takes to be known, by these very ids. Only for a storage with `checksKnownIn`. */
  readonly assumesKnown?: readonly string[];
}

export interface EventRecord
  extends Omit<NewEvent, "payloadText" | "status" | "runs" | "names" | "assumesKnown">,
    SourceScope {
  readonly status: RecordedEventStatus;
  /** As they were recorded; those that `expand` added later are told by `runs.list`. */
  readonly runs: readonly RunRecord[];
}

/**
 * - `new`: recorded by this call; its pending runs are leased to the caller
 * - `finished`: recorded before, nothing pending
 * - `leased`: recorded before, and somebody else holds the lease of a pending run
 * - `unfinished`: recorded before and nobody is on it: its pending runs, as first planned, are now leased to the caller
 * - `refused`: not recorded, because it names users who were deleted, or assumes users to be known who are not
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
  /** Of a `refused` event: what it assumed and is not so: ids of nobody who is known, or of somebody who goes by another id now. */
  readonly unknown?: readonly string[];
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
  /** The reason that was recorded. */
  readonly reason?: EventReason | undefined;
  /** Goes with `source`: without it nothing is found by its messageId. */
  readonly search?: EventSearch | undefined;
  /** Received at or after. */
  readonly receivedFrom?: Date | undefined;
  /** Received before. */
  readonly receivedTo?: Date | undefined;
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface EventStore {
  /**
   * For a storage that keeps the objects it is handed and reads their members by name: `request`, `names` and what a trigger decided are
   * then made when they are read, and an object that is spread or cloned loses them. @default false: all members are plain
   */
  readonly readsByName?: boolean;
  /**
   * The store of users in which `record` looks up what an event assumes (`assumesKnown`), in the transaction that records it: an event
   * whose assumption is wrong is refused, others of the same call are not. What was recorded before is told as ever, whatever it
   * assumes. Sources then leave the look-up of recipients to `record`, which saves a call; not where the host has put another store of
   * users beside these events, nor with `readsByName`.
   */
  readonly checksKnownIn?: UserStore;
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
  /** How many events were received, bucket by bucket, oldest first; along an index, so that it costs what it counts. */
  timeline(params: TimelineParams): Promise<readonly TimelineBucket[]>;
  /** The names received, most recently seen first. Counts each recorded event once. */
  names(
    params: Abortable & { readonly environment: string; readonly source?: string | undefined },
  ): Promise<readonly EventNameCount[]>;
  /**
   * Retention. Events received longer ago than `payloadsOlderThanMs` lose their payload and decision but stay known as
   * duplicates; those older than `eventsOlderThanMs` go altogether, as do hashes of users deleted before then and the audit of before
   * then. Events with pending or held runs stay whole. At most `limit` events of each kind a call: call again while a count equals
   * `limit`.
   */
  purge(params: PurgeParams): Promise<{ readonly payloads: number; readonly events: number }>;
  /**
   * Keeps a hash of the id with `at`, by which `record` refuses what happened before then, and erases what is kept of a user's
   * events that had happened, or were received, by then: payload, decision, user id and runs, pending ones too; and of such events of
   * others the runs that wait or waited for the user, with payload and decision, which name them. An anonymous id's events are those
   * without a user id. The messageIds stay known as duplicates, so that a late retry is not processed. Answers with how many events
   * were erased.
   */
  erase(
    params: Abortable & { readonly environment: string; readonly userId: string; readonly at: Date },
  ): Promise<number>;
  /** Takes a user out of other people's events, a bounded number of events a call: call again while a cursor comes back. */
  eraseMentions(params: EraseMentionsParams): Promise<{ readonly erased: number; readonly nextCursor: string | null }>;
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
  readonly audit: AuditStore;
  /**
   * Whether a call has a price whatever it carries, such as a round trip or a flush to disk. A source then merges the `record`,
   * `settle`, `update` and `known` of payloads that it handles at the same time: all that there are, or at most `maxCalls` of them,
   * for a storage that works on several calls at once, so that one is answered while the next is put together.
   * @default false
   */
  readonly coalesce?: boolean | { readonly maxCalls: number };
}

/** A storage whose users have every power, as those that come with Bellwire do. */
export interface FullStorage extends Storage {
  readonly users: Required<UserStore>;
}
