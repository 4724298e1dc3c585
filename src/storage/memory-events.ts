import type { Clock } from "../core/clock.js";
import { page } from "./memory-page.js";
import { type StoredEvent, type StoredRun, toEventRecord } from "./memory-records.js";
import { claimRun } from "./memory-runs.js";
import type { MemoryState } from "./memory-state.js";
import type { ClaimedRun, EventStore, ListEventsParams, NewEvent, RecordParams, RecordResult } from "./storage.js";

export function memoryEventStore(state: MemoryState): EventStore {
  return {
    async record(params) {
      return params.events.map((event) => recordOne(state, params, event));
    },
    async get({ environment, source, messageId }) {
      const stored = state.find(environment, source, messageId);
      return stored === null ? null : toEventRecord(stored);
    },
    async list(params) {
      const found = state.events().filter((stored) => matches(stored, params));
      return page(found, params.limit, params.cursor, toEventRecord);
    },
    async names({ environment, source }) {
      return state.names(environment, source);
    },
    async purge({ payloadsOlderThanMs, eventsOlderThanMs, limit }) {
      const now = state.clock.now();
      const finished = state
        .events()
        .filter((stored) => !stored.runs.some((run) => run.status === "pending" || run.status === "held"));
      const olderThan = (ms: number) => (stored: StoredEvent) => now - stored.event.receivedAt.getTime() > ms;
      const gone = finished.filter(olderThan(eventsOlderThanMs)).slice(0, limit);
      for (const stored of gone) state.remove(stored);
      const bare = finished.filter(
        (stored) => olderThan(payloadsOlderThanMs)(stored) && !stored.isBare && !gone.includes(stored),
      );
      for (const stored of bare.slice(0, limit)) state.strip(stored);
      state.forgetDeletedUsers(now - eventsOlderThanMs);
      return { payloads: Math.min(bare.length, limit), events: gone.length };
    },
    async erase({ environment, userId }) {
      const theirs = state
        .events()
        .filter((stored) => stored.environment === environment && stored.event.userId === userId);
      for (const stored of theirs) state.strip(stored);
      const waiting = state
        .events()
        .filter(
          (stored) => stored.environment === environment && stored.runs.some((run) => run.hold?.userId === userId),
        );
      for (const stored of waiting) state.forgetWaiting(stored, userId);
      return theirs.length + waiting.length;
    },
  };
}

function recordOne(state: MemoryState, params: RecordParams, event: NewEvent): RecordResult {
  const known = state.find(params.environment, params.source, event.messageId);
  if (known === null) {
    const stored = state.add(params, event);
    return { status: "new", claimed: claimAll(stored.runs, params, state.clock), stored: null };
  }
  const pending = known.runs.filter((run) => run.status === "pending");
  if (pending.length === 0) return { status: "finished", claimed: [], stored: toEventRecord(known) };
  const now = state.clock.now();
  if (pending.some((run) => run.leasedUntil > now))
    return { status: "leased", claimed: [], stored: toEventRecord(known) };
  const claimed = claimAll(pending, params, state.clock);
  return { status: "unfinished", claimed, stored: toEventRecord(known) };
}

function claimAll(
  runs: readonly StoredRun[],
  { leaseMs }: Pick<RecordParams, "leaseMs">,
  clock: Clock,
): readonly ClaimedRun[] {
  if (leaseMs === null) return [];
  return runs.filter((run) => run.status === "pending").map((run) => claimRun(run, leaseMs, clock.now()));
}

function matches({ environment, source, event, status }: StoredEvent, params: ListEventsParams): boolean {
  const is = <Value>(wanted: Value | undefined, actual: Value) => wanted === undefined || wanted === actual;
  return (
    environment === params.environment &&
    is(params.source, source) &&
    is(params.status, status) &&
    is<string | null>(params.type, event.type) &&
    is<string | null>(params.name, event.name) &&
    is<string | null>(params.userId, event.userId) &&
    (params.receivedFrom === undefined || event.receivedAt >= params.receivedFrom) &&
    (params.receivedTo === undefined || event.receivedAt < params.receivedTo)
  );
}
