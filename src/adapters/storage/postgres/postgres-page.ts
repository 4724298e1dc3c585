import type { Page } from "../../../storage/page.js";
import { readReceiptCursor, receiptCursor, toPage } from "../stored-page.js";
import { type Row, textOf } from "../stored-row.js";
import type { PostgresValue, Query } from "./postgres-client.js";

/** @param bind takes a value and gives its placeholder */
export type PostgresCondition = (bind: (value: PostgresValue) => string) => string;

export interface PageQuery<Item> {
  readonly table: string;
  /** Columns that make the order by time of receipt a total one, as one SQL expression. */
  readonly key: string;
  /** More columns to select. */
  readonly extra?: string;
  /** Comparisons, each with its value; those whose value is absent do not filter. */
  readonly filters: readonly (readonly [comparison: string, value: PostgresValue | undefined])[];
  /** Conditions of which an item meets at least one; each is looked up by an index of its own, so that a page costs one page of each. */
  readonly anyOf?: readonly PostgresCondition[] | undefined;
  /** Columns that name a row. */
  readonly primaryKey: string;
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly toItem: (row: Row) => Item;
}

/** Newest first; the cursor is the time and key of the last item, so that a page costs the same wherever it is. */
export async function pageOf<Item>(query: Query, { table, key, extra, ...page }: PageQuery<Item>): Promise<Page<Item>> {
  const values: PostgresValue[] = [];
  const bind = (value: PostgresValue) => `$${values.push(value)}`;
  const conditions = page.filters.flatMap(([comparison, value]) =>
    value === undefined ? [] : [`${comparison} ${bind(value)}`],
  );
  const after = readReceiptCursor(page.cursor);
  if (after !== null) {
    const [time, item] = after.map(bind);
    conditions.push(`(received_at, ${key}) < (${time}::bigint, ${item})`);
  }
  const common = conditions.join(" AND ");
  const newest = `ORDER BY received_at DESC, ${key} DESC LIMIT ${bind(page.limit + 1)}::integer`;
  const branches = page.anyOf?.map(
    (condition) => `(SELECT ${page.primaryKey} FROM ${table} t WHERE ${common} AND ${condition(bind)} ${newest})`,
  );
  const where = branches === undefined ? common : `(${page.primaryKey}) IN (${branches.join(" UNION ")})`;
  const rows = await query(
    `SELECT t.*, ${key} AS page_key${extra === undefined ? "" : `, ${extra}`} FROM ${table} t
     WHERE ${where} ${newest}`,
    ...values,
  );
  const cursorOf = (last: Row) => receiptCursor(last, textOf(last, "page_key"));
  return toPage(rows, page.limit, { toItem: page.toItem, cursorOf });
}
