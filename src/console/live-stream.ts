import type { Clock } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import type { RecordedEvent } from "../source/segment-source.js";
import { type Call, type ConsoleContext, type Endpoints, optional } from "./call.js";
import { createLiveFeed, type LiveBatch, type LiveFeed, readSince } from "./live-feed.js";
import type { TailView } from "./protocol.js";
import { securityHeaders } from "./respond.js";
import { toEventRow } from "./views.js";

export interface LiveOptions extends ConsoleContext {
  readonly streamMs: number;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface LiveEndpoints {
  readonly endpoints: Endpoints;
  /** Ends every stream. */
  close(): void;
}

const heartbeatMs = 15_000;

/**
 * `GET stream` pushes what comes in as server-sent events and can be resumed by `Last-Event-ID`; `GET tail` answers the same to those
 * whose proxy holds streams back.
 */
export function createLiveEndpoints(options: LiveOptions): LiveEndpoints {
  const feeds = new Map<string, LiveFeed>();
  const open = new Set<() => void>();
  const feedOf = ({ source, environment }: Call): LiveFeed => {
    const key = JSON.stringify([source.key, environment]);
    const feed = feeds.get(key) ?? createLiveFeed({ ...options, source, environment });
    feeds.set(key, feed);
    return feed;
  };
  return {
    endpoints: {
      "GET tail": { role: "view", handle: (call) => readTail(call, positionOf(call), options.clock) },
      "GET stream": { role: "view", handle: (call) => stream(call, feedOf(call), options, open) },
    },
    close() {
      for (const end of [...open]) end();
    },
  };
}

/** The time of the newest event that was seen; `null` for who comes for the first time. */
function positionOf({ request, query }: Call): number | null {
  const given = request.headers.get("last-event-id") ?? optional(query, "after");
  const position = Number(given ?? Number.NaN);
  return Number.isSafeInteger(position) && position > 0 ? position : null;
}

async function readTail(call: Call, after: number | null, clock: Clock): Promise<TailView> {
  if (after === null) return { rows: [], position: String(clock.now()), reset: false };
  const batch = await readSince(call.source, call.environment, after);
  return toTail(batch, after, call.reveal);
}

function toTail({ events, overflow }: LiveBatch, after: number, reveal: boolean): TailView {
  const newest = events.reduce((time, { record }) => Math.max(time, record.receivedAt.getTime()), after);
  return {
    rows: events.map((event: RecordedEvent) => toEventRow(event, reveal)),
    position: String(newest),
    reset: overflow,
  };
}

function stream(call: Call, feed: LiveFeed, options: LiveOptions, open: Set<() => void>): Response {
  let end: () => void = () => undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      end = follow(call, feed, options, {
        write: (bytes) => controller.enqueue(bytes),
        onEnd: () => {
          open.delete(end);
          controller.close();
        },
      });
      open.add(end);
    },
    cancel: () => {
      open.delete(end);
      end();
    },
  });
  call.signal.addEventListener("abort", () => end(), { once: true });
  const headers = {
    ...securityHeaders,
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    // Proxies that speak nginx's dialect hold answers back otherwise.
    "x-accel-buffering": "no",
  };
  return new Response(body, { headers });
}

interface Reader {
  readonly write: (bytes: Uint8Array) => void;
  readonly onEnd: () => void;
}

/** Writes what comes in until the returned function, or the time limit, ends it. A reader that has gone away is let go. */
function follow(call: Call, feed: LiveFeed, { clock, streamMs }: LiveOptions, reader: Reader): () => void {
  const resumed = positionOf(call);
  let position = resumed ?? clock.now();
  let ended = false;
  let cancelBeat = () => {};
  const end = () => {
    if (ended) return;
    ended = true;
    unsubscribe();
    cancelBeat();
    cancelLimit();
    try {
      reader.onEnd();
    } catch {
      // The other side closed it first.
    }
  };
  const write = (text: string) => {
    if (ended) return;
    try {
      reader.write(new TextEncoder().encode(text));
    } catch {
      end();
    }
  };
  const send = (tail: TailView) => {
    position = Number(tail.position);
    write(`event: rows\nid: ${tail.position}\ndata: ${JSON.stringify(tail)}\n\n`);
  };
  const beat = () => {
    cancelBeat = clock.schedule(() => {
      write(": still here\n\n");
      beat();
    }, heartbeatMs);
  };
  const unsubscribe = feed.subscribe((batch) => send(toTail(batch, position, call.reveal)));
  const cancelLimit = clock.schedule(end, streamMs);
  beat();
  write(`retry: 1500\nevent: hello\nid: ${position}\ndata: {}\n\n`);
  if (resumed !== null) {
    readTail(call, resumed, clock).then(send, () => send(lost(resumed)));
  }
  return end;
}

/** What came in between could not be read; the page reads the log anew. */
function lost(position: number): TailView {
  return { rows: [], position: String(position), reset: true };
}
