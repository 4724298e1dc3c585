import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { EventRow } from "../../protocol.js";
import { signedOut } from "../api.js";
import { useApp } from "../app-context.js";
import { filterNames, isFiltered, readFilter } from "../event-filter.js";
import { plural, words } from "../format.js";
import { type Location, navigate, withQuery } from "../location.js";
import { Empty, Link, Loading, Problem, Status, Time, toneOf } from "../ui/basics.js";
import { rowId, VirtualList } from "../ui/virtual-list.js";
import { type EventLog, useEventLog } from "../use-event-log.js";
import { useKeys } from "../use-keys.js";
import { type LiveState, useLive } from "../use-live.js";
import { EventFilters } from "./event-filters.js";
import { FirstEvent } from "./first-event.js";
import { Inspector } from "./inspector.js";

const narrow = "(max-width: 720px)";

function useRowHeight(): number {
  const [isNarrow, setNarrow] = useState(() => matchMedia(narrow).matches);
  useEffect(() => {
    const media = matchMedia(narrow);
    const update = () => setNarrow(media.matches);
    media.addEventListener("change", update);
    return () => media.removeEventListener("change", update);
  }, []);
  return isNarrow ? 58 : 34;
}

/** Everything that was received, newest first, as it comes in. */
export function EventLogScreen() {
  const { place, location } = useApp();
  const filter = readFilter(location.query);
  const log = useEventLog(place, filter);
  const [activeId, setActiveId] = useState<string | null>(location.query.get("event"));
  const opened = location.query.get("event");
  const list = useRef<HTMLDivElement>(null);
  const isReading = () => (list.current?.querySelector(".virtual")?.scrollTop ?? 0) > 4;
  const live = useLive(place, log.position, (tail) => log.take(tail, isReading()));
  const { active, move, open, close } = useSelection(location, log, opened, activeId, setActiveId);

  useKeys({
    j: () => move(1),
    k: () => move(-1),
    Enter: () => {
      const row = log.rows[active];
      if (row !== undefined) open(row.messageId);
    },
    Escape: close,
    "/": () => document.querySelector<HTMLInputElement>("#event-search")?.focus(),
  });
  const onArrow = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    move(step);
  };

  const openedRow = log.rows.find((row) => row.messageId === opened);
  return (
    <div class={`split ${opened === null ? "" : "has-detail"}`}>
      <div class="pane" ref={list}>
        <header class="bar">
          <h1>Events</h1>
          <Live state={live} />
        </header>
        <EventFilters filter={filter} />
        {live === "refused" && <Problem error={signedOut()} />}
        {log.error !== null && <Problem error={log.error} retry={log.retry} />}
        {(log.waiting.length > 0 || log.stale) && (
          <button type="button" class="pill" onClick={() => showWaiting(log, list.current)}>
            {log.stale ? "Many new events" : plural(log.waiting.length, "new event")}
          </button>
        )}
        {log.loaded && !log.isOutdated && log.rows.length === 0 ? (
          <NoEvents filtered={isFiltered(filter)} />
        ) : (
          <Rows log={log} active={active} onArrow={onArrow} opened={opened} />
        )}
      </div>
      {opened !== null && (
        <Inspector
          messageId={opened}
          revision={JSON.stringify(openedRow?.triggers ?? openedRow?.status ?? "")}
          onClose={close}
        />
      )}
    </div>
  );
}

function showWaiting(log: EventLog, list: HTMLElement | null): void {
  log.showWaiting();
  list?.querySelector(".virtual")?.scrollTo({ top: 0 });
}

function useSelection(
  location: Location,
  { rows }: EventLog,
  opened: string | null,
  activeId: string | null,
  setActiveId: (id: string | null) => void,
) {
  const active = rows.findIndex((row) => row.messageId === (opened ?? activeId));
  const open = (messageId: string) => {
    setActiveId(messageId);
    navigate(withQuery(location, { event: messageId }), { replace: opened !== null });
  };
  const move = (step: number) => {
    const row = rows[Math.min(Math.max(0, active + step), rows.length - 1)];
    if (row === undefined) return;
    setActiveId(row.messageId);
    if (opened !== null) open(row.messageId);
  };
  const close = () => {
    if (opened === null) return;
    setActiveId(opened);
    navigate(withQuery(location, { event: null }));
    document.querySelector<HTMLElement>(".virtual")?.focus();
  };
  return { active, move, open, close };
}

const liveWords: Readonly<Record<LiveState, string>> = {
  connecting: "Connecting",
  live: "Live",
  polling: "Live, by polling",
  offline: "Reconnecting",
  refused: "Signed out",
};

function Live({ state }: { readonly state: LiveState }) {
  return (
    <p class={`live ${state}`} role="status">
      <i aria-hidden="true" />
      {liveWords[state]}
    </p>
  );
}

function NoEvents({ filtered }: { readonly filtered: boolean }) {
  const { location } = useApp();
  if (!filtered) return <FirstEvent />;
  const cleared = Object.fromEntries(filterNames.map((name) => [name, null]));
  return (
    <Empty title="No event fits these filters">
      <p>
        New ones that do will appear here by themselves.{" "}
        <Link href={withQuery(location, cleared)}>Clear the filters</Link>
      </p>
    </Empty>
  );
}

interface RowsProps {
  readonly log: EventLog;
  readonly active: number;
  readonly opened: string | null;
  readonly onArrow: (event: KeyboardEvent) => void;
}

function Rows({ log, active, opened, onArrow }: RowsProps) {
  const { location } = useApp();
  const rowHeight = useRowHeight();
  const row = useCallback(
    (index: number) => {
      const event = log.rows[index];
      if (event === undefined) return null;
      const href = withQuery(location, { event: event.messageId });
      return (
        <Row
          key={event.messageId}
          event={event}
          index={index}
          href={href}
          isActive={index === active}
          isOpen={event.messageId === opened}
        />
      );
    },
    [log.rows, active, opened, location],
  );
  if (!log.loaded) return <Loading lines={12} />;
  const head = (
    <div role="rowgroup" class="row-head">
      <div role="row" class="row">
        {["Received", "Status", "Event", "User", "What happened", "Message id"].map((title) => (
          <span key={title} role="columnheader">
            {title}
          </span>
        ))}
      </div>
    </div>
  );
  return (
    <VirtualList
      count={log.rows.length}
      rowHeight={rowHeight}
      label="Events, newest first"
      active={active}
      busy={log.isOutdated}
      head={head}
      row={row}
      onEnd={log.loadMore}
      onKeyDown={onArrow}
    />
  );
}

interface RowProps {
  readonly event: EventRow;
  readonly index: number;
  readonly href: string;
  readonly isActive: boolean;
  readonly isOpen: boolean;
}

function Row({ event, index, href, isActive, isOpen }: RowProps) {
  const { name, type } = event;
  return (
    <div
      id={rowId(index)}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-selected={isActive}
      class={`row ${isActive ? "active" : ""} ${isOpen ? "open" : ""}`}
    >
      <span role="gridcell" class="mono muted">
        <Time at={event.receivedAt} />
      </span>
      <span role="gridcell">
        <Status value={event.status} />
      </span>
      <span role="gridcell" class="row-name">
        <Link href={href} tabIndex={-1} class="stretched">
          {name ?? type ?? "not an event"}
        </Link>
        {name !== null && type !== "track" && <span class="tag">{type}</span>}
      </span>
      <span role="gridcell" class="mono row-user">
        {event.userId ?? <span class="muted">anonymous</span>}
      </span>
      <span role="gridcell" class="row-what">
        <What event={event} />
      </span>
      <span role="gridcell" class="mono muted row-id">
        {event.messageId}
      </span>
    </div>
  );
}

function What({ event: { triggers, reason } }: { readonly event: EventRow }) {
  if (triggers.length === 0) return <span class="muted">{reason === null ? "user kept in step" : words(reason)}</span>;
  return (
    <span>
      {triggers.slice(0, 3).map((one) => (
        <span key={one.trigger} class={`chip ${toneOf(one.status)}`}>
          {one.trigger}
          <span class="muted">
            {one.reason === null ? (one.recipients > 0 ? ` → ${one.recipients}` : "") : ` · ${words(one.reason)}`}
          </span>
        </span>
      ))}
      {triggers.length > 3 && <span class="muted">+{triggers.length - 3}</span>}
    </span>
  );
}
