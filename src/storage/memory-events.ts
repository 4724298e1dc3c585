import type { EventReason } from "../core/reasons.js";
import { mentionsUser } from "../outcome/mentions.js";
import { forgetRecipient, namesRecipient } from "../recipients/forget-recipient.js";
import { type EventSearch, maxPrefixMatches } from "./event-search.js";
import type { MemoryAudit } from "./memory-audit.js";
import type { MemoryDeletions } from "./memory-deletions.js";
import { page } from "./memory-page.js";
import { type StoredEvent, type StoredRun, toEventRecord } from "./memory-records.js";
import { claimRuns } from "./memory-runs.js";
import type { MemoryState } from "./memory-state.js";
import type { MemoryUsers } from "./memory-users.js";
import type { ClaimedRun } from "./run-store.js";
import type { EventStore, ListEventsParams, NewEvent, RecordParams, RecordResult } from "./storage.js";
import { bucketBounds, maxBucketCount } from "./timeline.js";

/** What is kept beside events, and purged with them. */
interface KeptBeside {
  readonly deletions: MemoryDeletions;
  readonly users: MemoryUsers;
  readonly audit: MemoryAudit;
}

export function memoryEventStore(state: MemoryState, { deletions, users, audit }: KeptBeside): EventStore {
  return {
    readsByName: true,
    async record(params) {
      return params.events.map((event) => recordOne(state, deletions, params, event));
    },
    async get({ environment, source, messageId }) {
      const stored = state.find(environment, source, messageId);
      return stored === null ? null : toEventRecord(stored);
    },
    async list(params) {
      const search = params.search === undefined ? null : createMatcher(state, params, params.search);
      const found = state.events().filter((stored) => matches(stored, params) && (search === null || search(stored)));
      return page(found, params.limit, params.cursor, toEventRecord);
    },
    async timeline({ environment, source, ...span }) {
      const bounds = bucketBounds(span);
      const events = state
        .events()
        .filter((stored) => stored.environment === environment && (source === undefined || stored.source === source));
      return bounds.slice(0, -1).map((start, index) => {
        const end = bounds[index + 1] ?? start;
        const within = events.filter(({ receivedMs }) => receivedMs >= start && receivedMs < end);
        const failed = within.filter(({ status }) => status === "failed");
        const bounded = (list: readonly StoredEvent[]) => Math.min(list.length, maxBucketCount);
        return { startsAt: new Date(start), count: bounded(within), failed: bounded(failed) };
      });
    },
    async names({ environment, source }) {
      return state.names.list(environment, source);
    },
    async purge({ payloadsOlderThanMs, eventsOlderThanMs, limit }) {
      const now = state.clock.now();
      const finished = state
        .events()
        .filter((stored) => !stored.runs.some((run) => run.status === "pending" || run.status === "held"));
      const olderThan = (ms: number) => (stored: StoredEvent) => now - stored.receivedMs > ms;
      const gone = finished.filter(olderThan(eventsOlderThanMs)).slice(0, limit);
      for (const stored of gone) state.remove(stored);
      const stale = finished
        .filter((stored) => olderThan(payloadsOlderThanMs)(stored) && !stored.isBare && !stored.isGone)
        .slice(0, limit);
      for (const stored of stale) state.strip(stored);
      deletions.forget(now - eventsOlderThanMs);
      audit.forget(now - eventsOlderThanMs);
      users.forgetVisitors(now - payloadsOlderThanMs);
      return { payloads: stale.length, events: gone.length };
    },
    async erase({ environment, userId, at }) {
      deletions.mark("user", environment, userId, at.getTime());
      const there = eventsUntil(state, environment, at);
      const theirs = there.filter(({ event }) => (event.userId ?? event.anonymousId) === userId);
      for (const stored of theirs) state.strip(stored);
      const waiting = there.filter(({ runs }) => runs.some((run) => run.hold?.userId === userId));
      for (const stored of waiting) {
        const held = stored.runs.filter((run) => run.hold?.userId === userId);
        state.forgetRuns(stored, held);
      }
      return theirs.length + waiting.length;
    },
    async eraseMentions({ environment, userIds, at }) {
      const ids = new Set(userIds);
      const mentions = eventsUntil(state, environment, at).filter((stored) => eraseMention(state, stored, ids));
      return { erased: mentions.length, nextCursor: null };
    },
  };
}

/** Those that had happened, or were received, by then. */
function eventsUntil(state: MemoryState, environment: string, at: Date): readonly StoredEvent[] {
  const until = at.getTime();
  return state.events().filter((stored) => {
    const wasThere = stored.receivedMs <= until || stored.event.occurredMs <= until;
    return wasThere && stored.environment === environment;
  });
}

/** @returns whether the event mentioned the user */
function eraseMention(state: MemoryState, stored: StoredEvent, userIds: ReadonlySet<string>): boolean {
  const isNamed = stored.runs.some((run) => namesRecipient(run.request, userIds));
  if (!isNamed && !mentionsUser(stored.event.decision, userIds)) return false;
  const gone: StoredRun[] = [];
  for (const run of stored.runs) {
    const left = forgetRecipient(run.request, userIds);
    if (left === null) gone.push(run);
    else run.request = left;
  }
  state.forgetRuns(stored, gone);
  return true;
}

function recordOne(
  state: MemoryState,
  deletions: MemoryDeletions,
  params: RecordParams,
  event: NewEvent,
): RecordResult {
  const known = state.find(params.environment, params.source, event.messageId);
  if (known === null) {
    const deleted = deletions.isEmpty ? [] : deletedAmong(event, params.environment, deletions);
    if (deleted.length > 0) return { status: "refused", claimed: [], stored: null, deleted };
    const stored = state.add(params, event);
    return { status: "new", claimed: claimAll(state, stored.runs, params), stored: null };
  }
  const pending = known.runs.filter((run) => run.status === "pending" && run.parent === null);
  if (pending.length === 0) return { status: "finished", claimed: [], stored: toEventRecord(known) };
  const now = state.clock.now();
  if (pending.some((run) => run.isLeasedAt(now)))
    return { status: "leased", claimed: [], stored: toEventRecord(known) };
  const claimed = claimAll(state, pending, params);
  return { status: "unfinished", claimed, stored: toEventRecord(known) };
}

function deletedAmong(event: NewEvent, environment: string, deletions: MemoryDeletions): readonly string[] {
  const at = event.occurredAt.getTime();
  return (event.names ?? []).filter((id) => deletions.covers("user", environment, id, at));
}

function claimAll(
  state: MemoryState,
  runs: readonly StoredRun[],
  { leaseMs }: Pick<RecordParams, "leaseMs">,
): readonly ClaimedRun[] {
  if (leaseMs === null || runs.length === 0) return [];
  const pending = runs.every((run) => run.status === "pending") ? runs : runs.filter((run) => run.status === "pending");
  return claimRuns(state, pending, { leaseMs, now: state.clock.now() });
}

function createMatcher(
  state: MemoryState,
  { environment, source }: ListEventsParams,
  search: EventSearch,
): (stored: StoredEvent) => boolean {
  const named = new Set(search.names.map(({ type, name }) => JSON.stringify([type, name])));
  const hasPrefix = state
    .events()
    .filter((stored) => stored.environment === environment && stored.source === source)
    .filter(({ event }) => event.messageId.startsWith(search.messageIdPrefix));
  const prefixed = new Set(hasPrefix.slice(0, maxPrefixMatches));
  return (stored) =>
    stored.event.userId === search.userId ||
    named.has(JSON.stringify([stored.event.type, stored.event.name])) ||
    prefixed.has(stored);
}

function matches({ environment, source, event, receivedMs, status }: StoredEvent, params: ListEventsParams): boolean {
  const is = <Value>(wanted: Value | undefined, actual: Value) => wanted === undefined || wanted === actual;
  return (
    environment === params.environment &&
    is(params.source, source) &&
    is(params.status, status) &&
    is<string | null>(params.type, event.type) &&
    is<string | null>(params.name, event.name) &&
    is<string | null>(params.userId, event.userId) &&
    is<EventReason | null>(params.reason, event.reason) &&
    (params.receivedFrom === undefined || receivedMs >= params.receivedFrom.getTime()) &&
    (params.receivedTo === undefined || receivedMs < params.receivedTo.getTime())
  );
}
