import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { EventPage, EventRow, TailView } from "../protocol.js";
import { get, type Place } from "./api.js";
import { type EventFilter, matches, toParams } from "./event-filter.js";

interface Log {
  readonly rows: readonly EventRow[];
  /** Came in live while the person was reading further down. */
  readonly waiting: readonly EventRow[];
  /** More came in than was told; only reading anew shows it. */
  readonly stale: boolean;
  readonly nextCursor: string | null;
}

export interface EventLog extends Log {
  readonly loaded: boolean;
  readonly error: Error | null;
  /** What is shown was read by an earlier filter. */
  readonly isOutdated: boolean;
  /** Where the live tail takes over; `null` until the first page is there. */
  readonly position: string | null;
  readonly loadMore: () => void;
  /** Does again what failed. */
  readonly retry: () => void;
  readonly take: (tail: TailView, hold: boolean) => void;
  readonly showWaiting: () => void;
}

const empty: Log = { rows: [], waiting: [], stale: false, nextCursor: null };
const pageSize = 200;

/** The log as far as it was read, newest first, with what comes in live put on top. */
export function useEventLog(place: Place, filter: EventFilter): EventLog {
  const [log, setLog] = useState<Log>(empty);
  const [shown, setShown] = useState<string | null>(null);
  const [failure, setFailure] = useState<{ readonly error: Error; readonly ofMore: boolean } | null>(null);
  const [position, setPosition] = useState<string | null>(null);
  const [version, setVersion] = useState(0);
  const loading = useRef(false);
  const wanted = JSON.stringify([place, filter]);
  const key = `${wanted} ${version}`;

  // The key is what place, filter and version say.
  useEffect(() => {
    const abort = new AbortController();
    loading.current = true;
    setFailure(null);
    get<EventPage>(place, "events", { ...toParams(filter), limit: pageSize }, abort.signal)
      .then((page) => {
        setLog({ rows: page.rows, waiting: [], stale: false, nextCursor: page.nextCursor });
        setShown(wanted);
        setPosition(page.position);
      })
      .catch((error: Error) => !abort.signal.aborted && setFailure({ error, ofMore: false }))
      .finally(() => {
        loading.current = false;
      });
    return () => abort.abort();
  }, [key]);

  const { nextCursor } = log;
  // The key is what place, filter and version say.
  const loadMore = useCallback(() => {
    if (nextCursor === null || loading.current) return;
    loading.current = true;
    setFailure(null);
    get<EventPage>(place, "events", { ...toParams(filter), limit: 500, cursor: nextCursor })
      .then((page) =>
        setLog((before) =>
          before.nextCursor === nextCursor
            ? { ...before, rows: [...before.rows, ...page.rows], nextCursor: page.nextCursor }
            : before,
        ),
      )
      .catch((error: Error) => setFailure({ error, ofMore: true }))
      .finally(() => {
        loading.current = false;
      });
  }, [nextCursor, key]);

  return {
    ...log,
    loaded: shown !== null,
    error: failure?.error ?? null,
    isOutdated: shown !== wanted,
    position,
    loadMore,
    retry: failure?.ofMore === true ? loadMore : () => setVersion((before) => before + 1),
    take: (tail, hold) => {
      if (tail.reset && hold) setLog((before) => ({ ...before, stale: true }));
      else if (tail.reset) setVersion((before) => before + 1);
      else setLog((before) => merge(before, tail.rows, filter, hold));
    },
    showWaiting: () => {
      if (log.stale) setVersion((before) => before + 1);
      else setLog((before) => ({ ...before, rows: [...before.waiting, ...before.rows], waiting: [] }));
    },
  };
}

/** Known events are brought up to date where they stand; new ones go on top, or wait. */
function merge(log: Log, incoming: readonly EventRow[], filter: EventFilter, hold: boolean): Log {
  const fresh = new Map(incoming.map((row) => [row.messageId, row]));
  const update = (row: EventRow) => {
    const newer = fresh.get(row.messageId);
    fresh.delete(row.messageId);
    return newer ?? row;
  };
  const waiting = log.waiting.map(update);
  const rows = log.rows.map(update);
  const added = [...fresh.values()].filter((row) => matches(row, filter));
  return hold
    ? { ...log, rows, waiting: [...added, ...waiting] }
    : { ...log, rows: [...added, ...waiting, ...rows], waiting: [] };
}
