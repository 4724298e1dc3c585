import type { EventRecord } from "../storage/storage.js";
import type { RecordedEvent, SegmentSourceEventLog } from "./segment-source.js";
import { resolveEnvironment, type SourceContext, throwIfAborted } from "./source-context.js";
import { toEventOutcome } from "./to-event-outcome.js";

const defaultLimit = 50;
const maxLimit = 500;

export function createSourceEventLog({ options, storageCall }: SourceContext): SegmentSourceEventLog {
  const { events } = options.storage;
  const source = options.key;
  return {
    async list({ environment: named, signal: aborted, limit, ...filter } = {}) {
      throwIfAborted(aborted);
      const environment = resolveEnvironment(options, named);
      const bounded = Math.min(Math.max(1, Math.trunc(limit ?? defaultLimit)), maxLimit);
      const page = await storageCall("events.list", (signal) =>
        events.list({ ...filter, environment, source, limit: bounded, signal }),
      );
      return { items: page.items.map(toRecordedEvent), nextCursor: page.nextCursor };
    },
    async get(messageId, { environment: named, signal: aborted } = {}) {
      throwIfAborted(aborted);
      const environment = resolveEnvironment(options, named);
      const record = await storageCall("events.get", (signal) =>
        events.get({ environment, source, messageId, signal }),
      );
      return record && toRecordedEvent(record);
    },
    async names({ environment: named, signal: aborted } = {}) {
      throwIfAborted(aborted);
      const environment = resolveEnvironment(options, named);
      return storageCall("events.names", (signal) => events.names({ environment, source, signal }));
    },
  };
}

function toRecordedEvent(record: EventRecord): RecordedEvent {
  const runs = new Map(record.runs.map((run) => [run.idempotencyKey, run]));
  const { status } = record;
  const outcome = toEventOutcome(0, { ...record, status: status === "in_progress" ? "processed" : status }, runs);
  // Runs for the members of a group may be pending, which are not listed with their event.
  return { record, outcome: status === "in_progress" ? { ...outcome, status } : outcome };
}
