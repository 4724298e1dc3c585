import type { Page } from "./page.js";

interface Ordered {
  readonly order: number;
  readonly receivedMs: number;
}

/** Newest first by time of receipt, and by order of arrival within a moment; the cursor is both of the last item. */
export function page<Item extends Ordered, Result>(
  items: readonly Item[],
  limit: number,
  cursor: string | undefined,
  toResult: (item: Item) => Result,
): Page<Result> {
  const [afterTime = Number.POSITIVE_INFINITY, afterOrder = Number.POSITIVE_INFINITY] = (cursor ?? "")
    .split("-")
    .filter(Boolean)
    .map(Number);
  const isAfter = ({ receivedMs, order }: Item) =>
    receivedMs < afterTime || (receivedMs === afterTime && order < afterOrder);
  const sorted = items
    .filter(isAfter)
    .sort((left, right) => right.receivedMs - left.receivedMs || right.order - left.order);
  const shown = sorted.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = last === undefined || sorted.length === shown.length ? null : `${last.receivedMs}-${last.order}`;
  return { items: shown.map(toResult), nextCursor };
}
