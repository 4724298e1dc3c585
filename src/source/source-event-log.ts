import { configInvalid } from "../core/errors.js";
import { anything, checkOptions, date, type OptionChecks, requireOptions } from "../mapping/option-checks.js";
import type { EventNameCount } from "../storage/event-name-count.js";
import type { EventSearch } from "../storage/event-search.js";
import type { EventRecord } from "../storage/storage.js";
import { openCall, pageChecks } from "./check-call.js";
import { eventFilterChecks } from "./event-filter-checks.js";
import type { InEnvironment } from "./in-environment.js";
import { boundedLimit } from "./page-limit.js";
import type { ListEventsOptions, RecordedEvent, SegmentSourceEventLog, TimelineOptions } from "./segment-source.js";
import { environmentOfCall, type SourceContext } from "./source-context.js";
import { statusWithoutRuns, toEventOutcome } from "./to-event-outcome.js";

/** Event names that one search looks for. */
const maxNames = 20;
const maxBuckets = 500;

const listChecks: OptionChecks<ListEventsOptions> = { ...eventFilterChecks, ...pageChecks };

export function createSourceEventLog({ options, storageCall }: SourceContext): SegmentSourceEventLog {
  const { events } = options.storage;
  const source = options.key;
  return {
    async list(listed = {}) {
      checkOptions(listed, listChecks, { at: "events.list: " });
      const { environment: named, signal: aborted, limit, search: text, ...wanted } = listed;
      const environment = environmentOfCall(options, { environment: named, signal: aborted });
      const filter = byRecordedReason(wanted);
      if (filter === null) return { items: [], nextCursor: null };
      const search = text === undefined || text.trim() === "" ? undefined : await toSearch(environment, text.trim());
      const page = await storageCall("events.list", (signal) =>
        events.list({ ...filter, search, environment, source, limit: boundedLimit(limit), signal }),
      );
      return { items: page.items.map(toRecordedEvent), nextCursor: page.nextCursor };
    },
    async get(messageId, inEnvironment = {}) {
      const environment = openCall(options, "events.get", { ids: { messageId }, call: inEnvironment });
      const record = await storageCall("events.get", (signal) =>
        events.get({ environment, source, messageId, signal }),
      );
      return record && toRecordedEvent(record);
    },
    async timeline(asked) {
      requireOptions(asked, "events.timeline", "{ from, to, buckets: 24 }");
      const environment = openCall(options, "events.timeline", {
        call: asked,
        checks: { from: date, to: date, buckets: anything },
      });
      const { from, to, buckets } = asked;
      const span = { from, to, buckets };
      checkSpan(span);
      return storageCall("events.timeline", (signal) => events.timeline({ ...span, environment, source, signal }));
    },
    async names(inEnvironment = {}) {
      return namesIn(openCall(options, "events.names", { call: inEnvironment }));
    },
  };

  function namesIn(environment: string): Promise<readonly EventNameCount[]> {
    return storageCall("events.names", (signal) => events.names({ environment, source, signal }));
  }

  async function toSearch(environment: string, text: string): Promise<EventSearch> {
    const names = await namesIn(environment);
    const wanted = text.toLowerCase();
    const found = names.flatMap(({ type, name }) =>
      name?.toLowerCase().includes(wanted) === true ? [{ type, name }] : [],
    );
    return { messageIdPrefix: text, userId: text, names: found.slice(0, maxNames) };
  }
}

type Filter = Pick<ListEventsOptions, "status" | "reason">;

/** The filter in terms of what is recorded: where the reason is not, the status implies it. `null` when no event can meet it. */
function byRecordedReason<Wanted extends Filter>(filter: Wanted): Wanted | null {
  const { reason, status } = filter;
  const implied = reason === "trigger_failed" ? "failed" : reason === "no_matching_trigger" ? "ignored" : status;
  if (status !== undefined && status !== implied) return null;
  return { ...filter, status: implied, reason: reason === "trigger_failed" ? undefined : reason };
}

function checkSpan({ from, to, buckets }: Omit<TimelineOptions, keyof InEnvironment>): void {
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > maxBuckets) {
    throw configInvalid(`buckets: ${buckets} is not a whole number from 1 to ${maxBuckets}.`);
  }
  if (!(to?.getTime() > from?.getTime()))
    throw configInvalid("to: is not after from, or one of the two is not a date.");
}

function toRecordedEvent(record: EventRecord): RecordedEvent {
  const { status } = record;
  const found = new Map(record.runs.map((run) => [run.idempotencyKey, run]));
  const runs = { get: (key: string) => found.get(key), areOver: status !== "in_progress" };
  const outcome = toEventOutcome(0, { ...record, status: statusWithoutRuns(status) }, runs);
  // Runs for the members of a group may be pending, which are not listed with their event.
  return { record, outcome: status === "in_progress" ? { ...outcome, status } : outcome };
}
