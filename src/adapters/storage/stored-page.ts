import type { Page } from "../../storage/page.js";
import { numberOf, type Row } from "./stored-row.js";

export interface PageRows<Item> {
  readonly toItem: (row: Row) => Item;
  /** Where the next page goes on after this row. */
  readonly cursorOf: (last: Row) => string;
}

/** @param rows one more than the page has, where there is one */
export function toPage<Item>(rows: readonly Row[], limit: number, { toItem, cursorOf }: PageRows<Item>): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(toItem),
    nextCursor: last === undefined || rows.length <= limit ? null : cursorOf(last),
  };
}

/** A cursor of what is listed by time of receipt: that of the last item, and what makes the order total. */
export function receiptCursor(last: Row, key: string): string {
  return `${numberOf(last, "received_at")}-${key}`;
}

/** What `receiptCursor` wrote; `null` for the first page, and for a text that it did not write. */
export function readReceiptCursor(cursor: string | undefined): readonly [receivedAt: number, key: string] | null {
  const split = cursor?.indexOf("-") ?? -1;
  return cursor === undefined || split <= 0 ? null : [Number(cursor.slice(0, split)), cursor.slice(split + 1)];
}
