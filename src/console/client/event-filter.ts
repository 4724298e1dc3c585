import type { EventRow } from "../protocol.js";
import type { Params } from "./api.js";

/** What narrows the event log down; all of it stands in the address. */
export interface EventFilter {
  readonly search: string;
  readonly status: string;
  readonly type: string;
  readonly name: string;
  readonly userId: string;
  readonly reason: string;
  /** A span back from now such as `1h`, `custom`, or empty. */
  readonly range: string;
  /** Times as ISO 8601, so that an address means the same in every time zone; only with `custom`. */
  readonly from: string;
  readonly to: string;
}

export const ranges: readonly (readonly [value: string, label: string, ms: number])[] = [
  ["15m", "Last 15 minutes", 900_000],
  ["1h", "Last hour", 3_600_000],
  ["24h", "Last 24 hours", 86_400_000],
  ["7d", "Last 7 days", 604_800_000],
];

export const filterNames = ["search", "status", "type", "name", "userId", "reason", "range", "from", "to"] as const;

export function readFilter(query: URLSearchParams): EventFilter {
  const text = (name: string) => query.get(name) ?? "";
  return {
    search: text("search"),
    status: text("status"),
    type: text("type"),
    name: text("name"),
    userId: text("userId"),
    reason: text("reason"),
    range: text("range"),
    from: text("from"),
    to: text("to"),
  };
}

export function isFiltered(filter: EventFilter): boolean {
  return filterNames.some((name) => filter[name] !== "");
}

export function toParams({ range, from, to, ...filter }: EventFilter): Params {
  if (range === "custom") return { ...filter, from, to };
  const ms = ranges.find(([value]) => value === range)?.[2];
  return { ...filter, from: ms === undefined ? null : new Date(Date.now() - ms).toISOString() };
}

/** Whether a row that came in live belongs on the list, as the server would decide. */
export function matches(row: EventRow, filter: EventFilter): boolean {
  const is = (wanted: string, actual: string | null) => wanted === "" || wanted === actual;
  const { search, range } = filter;
  const text = search.trim();
  const isNamed = row.name?.toLowerCase().includes(text.toLowerCase()) === true;
  const found = text === "" || isNamed || row.messageId.startsWith(text) || row.userId === text;
  return (
    found &&
    (range !== "custom" || filter.to === "" || row.receivedAt < filter.to) &&
    is(filter.status, row.status) &&
    is(filter.type, row.type) &&
    is(filter.name, row.name) &&
    is(filter.userId, row.userId) &&
    is(filter.reason, row.reason)
  );
}
