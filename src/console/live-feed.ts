import type { Clock } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import type { RecordedEvent, SegmentSource } from "../source/segment-source.js";

/** What is new in the log of one environment. */
export interface LiveBatch {
  /** Newest first. */
  readonly events: readonly RecordedEvent[];
  /** More came than is told. */
  readonly overflow: boolean;
}

/** Follows the log of one environment for all who watch it: one of them costs storage as much as a hundred. */
export interface LiveFeed {
  /** The returned function ends it. */
  subscribe(listener: (batch: LiveBatch) => void): () => void;
}

export interface LiveFeedOptions {
  readonly source: SegmentSource;
  readonly environment: string;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const pageSize = 100;
const maxPages = 5;
/** Processes write their events a little later than they received them, and in no order among each other. */
const overlapMs = 5_000;
/** Lets a burst come in before it is read. */
const wakeMs = 40;

/**
 * Events received after a time, newest first, with some of shortly before it, among which a late one may be.
 * @returns `overflow` where more came after it than are read
 */
export async function readSince(source: SegmentSource, environment: string, after: number): Promise<LiveBatch> {
  const receivedFrom = new Date(after - overlapMs);
  const events: RecordedEvent[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const { items, nextCursor } = await source.events.list({
      environment,
      receivedFrom,
      limit: pageSize,
      cursor,
    });
    events.push(...items);
    const oldest = items.at(-1)?.record.receivedAt.getTime() ?? 0;
    if (nextCursor === null || oldest <= after) return { events, overflow: false };
    cursor = nextCursor;
  }
  return { events, overflow: true };
}

/**
 * Reads at once when this process received or dispatched something, and every `pollMs` for what others did. An event is told
 * again when what came of it has changed.
 */
export function createLiveFeed(options: LiveFeedOptions): LiveFeed {
  const { source, environment, clock, logger } = options;
  const listeners = new Set<(batch: LiveBatch) => void>();
  const told = new Map<string, string>();
  const changed = new Set<string>();
  let since = 0;
  let cancel: (() => void) | null = null;
  let reading = false;
  let again = false;

  const plan = (delayMs: number) => {
    cancel?.();
    cancel = listeners.size === 0 ? null : clock.schedule(() => void read(), delayMs);
  };
  const wake = () => {
    if (reading) again = true;
    else plan(wakeMs);
  };
  const onEvent = (event: { readonly environment: string }) => {
    if (event.environment === environment) wake();
  };
  const onRun = (run: { readonly environment: string; readonly messageId: string }) => {
    if (run.environment !== environment) return;
    changed.add(run.messageId);
    wake();
  };

  const readChanged = async () => {
    const ids = [...changed].slice(0, pageSize);
    for (const id of ids) changed.delete(id);
    const found = await Promise.all(ids.map((id) => source.events.get(id, { environment })));
    return found.filter((event) => event !== null);
  };

  const read = async () => {
    reading = true;
    again = false;
    try {
      const { events, overflow } = await readSince(source, environment, since);
      const all = new Map([...(await readChanged()), ...events].map((event) => [event.record.messageId, event]));
      const fresh = [...all.values()].filter((event) => told.get(event.record.messageId) !== signatureOf(event));
      for (const event of fresh) told.set(event.record.messageId, signatureOf(event));
      for (const { record } of events) since = Math.max(since, record.receivedAt.getTime());
      forget(told);
      if (fresh.length > 0 || overflow) {
        fresh.sort((left, right) => right.record.receivedAt.getTime() - left.record.receivedAt.getTime());
        for (const listener of listeners) listener({ events: fresh, overflow });
      }
    } catch (error) {
      logger.warn({ err: error, source: source.key, environment }, "the console could not read the newest events");
    } finally {
      reading = false;
      plan(again ? wakeMs : options.pollMs);
    }
  };

  const stop = () => {
    source.off("event", onEvent);
    source.off("run", onRun);
    cancel?.();
    cancel = null;
    told.clear();
  };

  return {
    subscribe(listener) {
      listeners.add(listener);
      if (listeners.size === 1) {
        since = clock.now();
        source.on("event", onEvent);
        source.on("run", onRun);
        if (!reading) plan(options.pollMs);
      }
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) stop();
      };
    },
  };
}

/** Changes when what is shown of an event does. */
function signatureOf({ outcome }: RecordedEvent): string {
  const triggers = outcome.triggers.map(({ status, runs }) => [status, runs.map((run) => [run.status, run.attempts])]);
  return JSON.stringify([outcome.status, triggers]);
}

const maxTold = 2_000;

/** A map keeps the order of insertion: the oldest go first. */
function forget(told: Map<string, string>): void {
  for (const id of told.keys()) {
    if (told.size <= maxTold) return;
    told.delete(id);
  }
}
