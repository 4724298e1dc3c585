import { createHash } from "node:crypto";
import { BellwireError } from "../core/errors.js";
import { isJsonObject } from "../core/json.js";
import type { EventRecord } from "../storage/storage.js";
import type { ReplayOptions, ReplayResult, SegmentSource } from "./segment-source.js";
import { throwIfAborted } from "./source-context.js";

const pageSize = 100;

/** Handles stored events again, as if they had been sent anew; `maxEventAge` of triggers counts from the event's own time. */
export async function replayEvents(
  source: Pick<SegmentSource, "events" | "handleSegmentPayload" | "preview"> & { readonly now: number },
  options: ReplayOptions,
): Promise<ReplayResult> {
  if (options.replayId === "") {
    throw new BellwireError({
      code: "CONFIG_INVALID",
      message: 'replayId: "" names no replay; give it a name of its own.',
    });
  }
  const { environment, signal, dryRun = false, eventsPerSecond, onProgress } = options;
  const total = { replayed: 0, duplicates: 0, withoutPayload: 0 };
  for await (const record of recordsOf(source, options)) {
    throwIfAborted(signal);
    if (!isJsonObject(record.payload)) {
      total.withoutPayload += 1;
      continue;
    }
    const event = { ...record.payload, messageId: replayMessageId(options.replayId, record.messageId) };
    const call = { environment, signal };
    const { events } = dryRun ? await source.preview(event, call) : await source.handleSegmentPayload(event, call);
    const [outcome] = events;
    if (outcome === undefined) continue;
    if (outcome.status === "duplicate") total.duplicates += 1;
    else total.replayed += 1;
    onProgress?.({ done: total.replayed + total.duplicates + total.withoutPayload, outcome });
    if (eventsPerSecond !== undefined) await new Promise((resolve) => setTimeout(resolve, 1_000 / eventsPerSecond));
  }
  return total;
}

/** What a replay makes is a copy: no other replay, and no second start of this one, takes it for an event to be sent again. */
const copyPrefix = "bw-replay-";

/** Short whatever the ids are: an id of more than 100 characters is replaced on arrival, and would not be known for a copy. */
function replayMessageId(replayId: string, messageId: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([replayId, messageId]))
    .digest("hex");
  return copyPrefix + hash.slice(0, 40);
}

async function* recordsOf(
  { events, now }: Pick<SegmentSource, "events"> & { readonly now: number },
  { messageIds, replayId: _id, dryRun: _dry, eventsPerSecond: _rate, onProgress: _progress, ...filter }: ReplayOptions,
): AsyncGenerator<EventRecord> {
  if (messageIds !== undefined) {
    for (const messageId of messageIds) {
      const found = await events.get(messageId, filter);
      if (found !== null) yield found.record;
    }
    return;
  }
  // What this replay records is newer than its start, and must not be found by it; what came in this very millisecond has to be.
  const receivedTo = filter.receivedTo ?? new Date(now + 1);
  let cursor: string | undefined;
  do {
    const page = await events.list({ ...filter, receivedTo, limit: pageSize, ...(cursor !== undefined && { cursor }) });
    for (const { record } of page.items) if (!record.messageId.startsWith(copyPrefix)) yield record;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
