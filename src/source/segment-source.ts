import type { Duration } from "../core/duration.js";
import type { JsonObject } from "../core/json.js";
import type { Logger } from "../core/logger.js";
import type { EventOutcome, PayloadResult } from "../outcome/outcome.js";
import type { EventNameCount } from "../storage/event-name-count.js";
import type { Page } from "../storage/page.js";
import type { EventRecord, ListEventsParams } from "../storage/storage.js";
import type { TimelineBucket } from "../storage/timeline.js";
import type { UserUpdate } from "../storage/user-store.js";
import type { TriggerDefinition } from "../triggers/trigger-definition.js";
import type { User, UserAttributes, UserHistoryEntry } from "../users/user.js";
import type { ChangedBy, InEnvironment } from "./in-environment.js";
import type { HandleSegmentPayloadOptions, PreviewOptions } from "./payload-options.js";
import type { SegmentSourceAudit } from "./segment-source-audit.js";
import type { SegmentSourceGroups } from "./segment-source-groups.js";
import type { SegmentSourceRuns } from "./segment-source-runs.js";
import type { SegmentSourceEvents } from "./source-events.js";
import type { EnvironmentCredentials } from "./source-options.js";

/** A trigger as it stands now, with what switched it on or off in each environment. */
export interface TriggerListing {
  readonly key: string;
  /** With a `problem`: whatever was stored. */
  readonly definition: TriggerDefinition;
  /** Whether the code registered it, or somebody saved it at run time. */
  readonly origin: "code" | "stored";
  /** Of a stored one, who saved it last, and when. */
  readonly savedBy: string | null;
  readonly savedAt: Date | null;
  /** Why a stored one is passed over, such as a definition that another version wrote; `null` when it is in use. */
  readonly problem: string | null;
  readonly environments: Readonly<Record<string, TriggerState>>;
}

export interface TriggerState {
  readonly active: boolean;
  /** `null` while the definition decides. */
  readonly changedBy: string | null;
  readonly changedAt: Date | null;
}

/** Stored triggers are there in every environment, where each can be switched off. */
export type SaveOptions = ChangedBy & Pick<InEnvironment, "signal">;

export interface SegmentSourceTriggers {
  /**
   * Adds a trigger to this process. It takes the place of a stored one of the same key.
   * @throws `CONFIG_TRIGGER_INVALID`, `CONFIG_PATH_INVALID`, `CONFIG_TRIGGER_DUPLICATE`
   */
  register(definition: TriggerDefinition): void;
  /** `false` when the code registered no trigger of that key. */
  unregister(key: string): boolean;
  /**
   * All triggers, those of the code in the order of registration and then the stored ones by key, with their state in every
   * environment (or in the one asked for), as storage has it at this moment.
   */
  list(options?: InEnvironment): Promise<readonly TriggerListing[]>;
  /** Switches a trigger on, in one environment or, when none is named, in all. Other processes see it within `overridesTtl`. */
  enable(key: string, options?: InEnvironment & ChangedBy): Promise<void>;
  /** Switches a trigger off, in one environment or, when none is named, in all. Other processes see it within `overridesTtl`. */
  disable(key: string, options?: InEnvironment & ChangedBy): Promise<void>;
  /**
   * Keeps a trigger in storage, or replaces the one that is kept under its key. It is plain JSON: paths, directives and conditions, no
   * functions and no schema. This process uses it from its next payload on, others within `overridesTtl`. What was planned before is
   * sent as it was planned.
   *
   * @throws `CONFIG_TRIGGER_INVALID`, `CONFIG_PATH_INVALID`; `CONFIG_TRIGGER_DUPLICATE` for a key that the code registered
   */
  save(definition: TriggerDefinition | JsonObject, options?: SaveOptions): Promise<void>;
  /** Takes a stored trigger out, together with what was switched of it at run time. `false` when none is stored under that key. */
  remove(key: string, options?: SaveOptions): Promise<boolean>;
}

export interface ListUsersOptions extends InEnvironment {
  readonly search?: string | undefined;
  /** @default 50, and 500 at most */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface SegmentSourceUsers {
  /**
   * Creates or updates a user as an identify event of this moment (or of `at`) would, and tells the engine where it keeps users;
   * that the engine could not be reached is logged and emitted as `error`, since the user is stored all the same.
   * @throws `CONFIG_INVALID` without an id, and for an attribute that is none: what else is known goes into `properties`
   */
  identify(
    user: { readonly id: string; readonly at?: Date } & UserAttributes,
    options?: InEnvironment,
  ): Promise<UserUpdate>;
  get(id: string, options?: InEnvironment): Promise<User | null>;
  /**
   * Says that these users are known by now, and sends what is held for them: for hosts whose users table is their own and is
   * written by others too. Users of `identify`, of identify events and of inline recipients are released by themselves.
   */
  notifyIdentified(ids: readonly string[], options?: InEnvironment): Promise<void>;
  /**
   * In the order of their ids; with `search` those whose id starts with it or whose email it is, in upper or lower case. By an email
   * that was only said before the sign-in nobody is found.
   * @throws `STORAGE_UNSUPPORTED` where users are kept in a table of the host's own that can not list them
   */
  list(options?: ListUsersOptions): Promise<Page<User>>;
  /**
   * Each attribute of a user with the time at which it was said; `null` for a user who is not known, and where a table of the host's own
   * does not keep the times.
   */
  history(id: string, options?: InEnvironment): Promise<readonly UserHistoryEntry[] | null>;
  /**
   * Folds the user `from` into `into`, as an alias event does.
   * @throws `STORAGE_UNSUPPORTED` where users are kept in a table of the host's own that can not merge them
   */
  merge(ids: { readonly from: string; readonly into: string }, options?: InEnvironment): Promise<void>;
  /**
   * Erases the user, their events and the runs of these, what visitors said who became them, their memberships, and mentions of them
   * in runs and outcomes of other people's events. A hash of the id stays, by which nothing that happened before now is recorded of
   * them, not even by a process that is at it this moment. `false` when the user was not known; their events are erased all the same.
   */
  delete(id: string, options?: InEnvironment & ChangedBy): Promise<boolean>;
}

export type ListEventsOptions = InEnvironment &
  Partial<Omit<ListEventsParams, "environment" | "source" | "signal" | "search">> & {
    /**
     * Events whose messageId starts with it (1,000 of these are considered), whose user id it is, or whose name contains it, in upper
     * or lower case.
     */
    readonly search?: string | undefined;
  };

export interface TimelineOptions extends InEnvironment {
  /** Received at or after. */
  readonly from: Date;
  /** Received before. */
  readonly to: Date;
  /** From 1 to 500. */
  readonly buckets: number;
}

export interface SegmentSourceEventLog {
  /** Newest first; 50 unless `limit` says otherwise, 500 at most. */
  list(options?: ListEventsOptions): Promise<Page<RecordedEvent>>;
  get(messageId: string, options?: InEnvironment): Promise<RecordedEvent | null>;
  /**
   * How many events were received in each of so many equal parts of a span of time, oldest first: for a rate or a sparkline. A bucket
   * counts to 100,000 and no further.
   * @throws `CONFIG_INVALID` for a span that is none, or too many buckets
   */
  timeline(options: TimelineOptions): Promise<readonly TimelineBucket[]>;
  /** Event names that were received, with counts, most recently seen first. */
  names(options?: InEnvironment): Promise<readonly EventNameCount[]>;
}

/** A stored event together with its outcome as of now. */
export interface RecordedEvent {
  readonly record: EventRecord;
  readonly outcome: EventOutcome;
}

export interface EnvironmentSettings {
  readonly environment: string;
  /** Whether identify events create and update users. */
  readonly identify: boolean;
  /** `null` while the options decide. */
  readonly changedBy: string | null;
  readonly changedAt: Date | null;
}

export interface SegmentSourceEnvironments {
  /** The names, in the order of the options. */
  readonly names: readonly string[];
  get(options?: InEnvironment): Promise<EnvironmentSettings>;
  /** Other processes see it within `overridesTtl`. */
  update(settings: { readonly identify: boolean }, options?: InEnvironment & ChangedBy): Promise<EnvironmentSettings>;
  /** What the HTTP layer authenticates with. */
  credentials(environment: string): EnvironmentCredentials | null;
}

export interface StartOptions {
  /** How long to wait when nothing is due. @default "1s" */
  readonly pollInterval?: Duration | undefined;
}

export interface RecoverResult {
  /** Runs that were due and that nobody else held. */
  readonly claimed: number;
  readonly succeeded: number;
  /** Failed for now; due again later. */
  readonly pending: number;
  /** Failed for good, given up, or left to a person. */
  readonly failed: number;
}

export interface MaintainResult {
  /** Events that lost their payload and decision. */
  readonly payloads: number;
  /** Events that are gone. */
  readonly events: number;
}

export interface ReplayOptions extends Omit<ListEventsOptions, "limit" | "cursor">, ChangedBy {
  /** These events; without it all that the filter finds, newest first, but for what replays made. */
  readonly messageIds?: readonly string[] | undefined;
  /**
   * `again` handles events anew, by the triggers as they are now, under new idempotency keys. `unfinished` sends what is left of
   * what was planned, under the keys it always had, and nothing that was sent before.
   * @default "again"
   */
  readonly mode?: "again" | "unfinished" | undefined;
  /**
   * Names this replay; `again` can not do without. Events are handled again under message ids made of it, hence under new
   * idempotency keys: a replay that was aborted goes on where it was when it is started again with the same id, and sends nothing
   * twice.
   */
  readonly replayId?: string | undefined;
  /** Only these: keys of the source's own triggers, or definitions that stand in for them. @default all */
  readonly triggers?: readonly (string | TriggerDefinition)[] | undefined;
  /** Only tells what would be sent. @default false */
  readonly dryRun?: boolean | undefined;
  /** @default no limit */
  readonly eventsPerSecond?: number | undefined;
  /** Events handled with one call; an abort is heard between calls. @default 50, or a tenth of a second's worth where that is less */
  readonly batchSize?: number | undefined;
  readonly onProgress?: ((progress: ReplayProgress) => void) | undefined;
}

export interface ReplayProgress {
  readonly done: number;
  /** `null` where it can not be told beforehand; events that retention took are still counted in it. */
  readonly total: number | null;
  readonly outcome: EventOutcome;
}

export interface ReplayResult {
  readonly replayed: number;
  /** Handled by an earlier start of the same replay. */
  readonly duplicates: number;
  /** Without a stored payload: retention took it, or `recordPayload: "none"`. */
  readonly withoutPayload: number;
  /** Runs that `unfinished` left alone, because their trigger's `maxEventAge` is over. With `again` the outcomes say `event_too_old`. */
  readonly tooOld: number;
  /** Of `messageIds`, those of which no event is kept. */
  readonly notFound: number;
}

/** Receives Segment events, and turns those that a trigger matches into workflow runs. All methods work when destructured. */
export interface SegmentSource {
  readonly key: string;
  /** Its `logger`, which webhooks and consoles of it write to where they are given none of their own. */
  readonly logger: Logger;
  /**
   * Handles what Segment sent: parsed JSON, a string or bytes; one event, an array, or an SDK envelope `{ batch: [...] }`.
   * When it resolves, every event is recorded and has an outcome. One bad event never stops the others.
   *
   * @throws `PAYLOAD_*` when the payload is no Segment payload at all; `CONFIG_ENVIRONMENT_UNKNOWN`;
   * `STORAGE_FAILED` or `STORAGE_TIMEOUT` when it could not be recorded: nothing was dispatched, hand it in again;
   * `OVERLOADED`, `SOURCE_CLOSED`, `ABORTED`
   */
  handleSegmentPayload(payload: unknown, options?: HandleSegmentPayloadOptions): Promise<PayloadResult>;
  /**
   * What would come of a payload, by the very same pipeline: nothing is written and nothing is sent. A run that would be sent is
   * `pending`, and an event that was handled before is shown as if it were new.
   */
  preview(payload: unknown, options?: PreviewOptions): Promise<PayloadResult>;
  /** Why what happened to an event happened, as lines of text; `null` for an event that is not kept. */
  explain(messageId: string, options?: InEnvironment): Promise<string | null>;
  /** Handles stored events again. @throws `CONFIG_INVALID`, `CONFIG_TRIGGER_UNKNOWN`, `ABORTED` */
  replay(options: ReplayOptions): Promise<ReplayResult>;
  readonly triggers: SegmentSourceTriggers;
  readonly users: SegmentSourceUsers;
  readonly groups: SegmentSourceGroups;
  readonly events: SegmentSourceEventLog;
  readonly runs: SegmentSourceRuns;
  readonly audit: SegmentSourceAudit;
  readonly environments: SegmentSourceEnvironments;
  /**
   * Listeners are isolated: one that throws or rejects is logged and changes nothing else.
   * @throws `CONFIG_INVALID` for a name that there is not
   */
  on<Name extends keyof SegmentSourceEvents>(name: Name, listener: (event: SegmentSourceEvents[Name]) => void): void;
  off<Name extends keyof SegmentSourceEvents>(name: Name, listener: (event: SegmentSourceEvents[Name]) => void): void;
  /**
   * Dispatches due runs from now on, in the background, until `close`: those recorded with `dispatch: "background"`, those that
   * failed and are to be repeated, and those that a process left behind. Any number of processes may do so at once.
   */
  start(options?: StartOptions): void;
  /** Dispatches the runs that are due now, once: for a cron job, or at start-up where nothing runs in the background. */
  recover(options?: InEnvironment): Promise<RecoverResult>;
  /**
   * Applies `retention`; call it every hour or so, from any process.
   * @throws `ABORTED`; what is gone by then stays gone, and the next call goes on
   */
  maintain(options?: Pick<InEnvironment, "signal">): Promise<MaintainResult>;
  /**
   * Takes no more payloads, begins no more runs, and waits for those in hand, `timeoutMs` milliseconds at most. What is still on its way
   * then goes on; what it does not settle is taken over by another process when the lease ends. @default 10,000
   */
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
}
