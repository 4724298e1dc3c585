import { countEvents } from "./count-events.js";
import { isReplayed } from "./replay-message-id.js";
import type { ListEventsOptions, RecordedEvent, ReplayOptions, SegmentSource } from "./segment-source.js";

const pageSize = 100;

/**
 * The stored events that a replay is about: originals only, newest first, or those that were named.
 * @param onMissing called for each event that was named and is not kept
 */
export async function* recordsOf(
  { events, now }: { readonly events: SegmentSource["events"]; readonly now: () => number },
  options: ReplayOptions,
  onMissing: () => void,
): AsyncGenerator<RecordedEvent> {
  const filter = filterOf(options);
  if (options.messageIds !== undefined) {
    const { environment, signal } = filter;
    for (const messageId of options.messageIds) {
      const found = await events.get(messageId, { environment, signal });
      if (found === null) onMissing();
      else yield found;
    }
    return;
  }
  // What this replay records is newer than its start, and must not be found by it; what came in this very millisecond has to be.
  const receivedTo = filter.receivedTo ?? new Date(now() + 1);
  let cursor: string | undefined;
  do {
    const page = await events.list({ ...filter, receivedTo, limit: pageSize, cursor });
    for (const found of page.items) if (!isReplayed(found.record.messageId)) yield found;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

/** How many events there are at most, where that can be told without reading them all. */
export async function totalOf(events: SegmentSource["events"], options: ReplayOptions): Promise<number | null> {
  if (options.onProgress === undefined) return null;
  if (options.messageIds !== undefined) return options.messageIds.length;
  return countEvents(events, filterOf(options));
}

function filterOf(options: ReplayOptions): ListEventsOptions {
  const { messageIds: _ids, replayId: _id, dryRun: _dry, mode: _mode, triggers: _triggers, ...others } = options;
  const { eventsPerSecond: _rate, batchSize: _size, onProgress: _progress, by: _by, ...filter } = others;
  // Whether runs are left is not a matter of the event's last attempt alone, but only these can have some.
  return options.mode === "unfinished" ? { ...filter, status: filter.status ?? "in_progress" } : filter;
}
