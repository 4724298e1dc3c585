import type { Page } from "../../../storage/page.js";
import { numberOf, type Row, textOf } from "../stored-row.js";
import type { PostgresValue, Query } from "./postgres-client.js";

export interface PageQuery<Item> {
  readonly table: string;
  /** Columns that make the order by time of receipt a total one, as one SQL expression. */
  readonly key: string;
  /** More columns to select. */
  readonly extra?: string;
  /** Comparisons, each with its value; those whose value is absent do not filter. */
  readonly filters: readonly (readonly [comparison: string, value: PostgresValue | undefined])[];
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly toItem: (row: Row) => Item;
}

/** Newest first; the cursor is the time and key of the last item, so that a page costs the same wherever it is. */
export async function pageOf<Item>(query: Query, { table, key, extra, ...page }: PageQuery<Item>): Promise<Page<Item>> {
  const values: PostgresValue[] = [];
  const conditions: string[] = [];
  for (const [comparison, value] of page.filters) {
    if (value === undefined) continue;
    values.push(value);
    conditions.push(`${comparison} $${values.length}`);
  }
  const split = page.cursor?.indexOf("-") ?? -1;
  if (page.cursor !== undefined && split > 0) {
    values.push(Number(page.cursor.slice(0, split)), page.cursor.slice(split + 1));
    conditions.push(`(received_at, ${key}) < ($${values.length - 1}::bigint, $${values.length})`);
  }
  values.push(page.limit + 1);
  const rows = await query(
    `SELECT t.*, ${key} AS page_key${extra === undefined ? "" : `, ${extra}`} FROM ${table} t
     WHERE ${conditions.join(" AND ")} ORDER BY received_at DESC, ${key} DESC LIMIT $${values.length}::integer`,
    ...values,
  );
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  const nextCursor =
    last === undefined || rows.length <= page.limit
      ? null
      : `${numberOf(last, "received_at")}-${textOf(last, "page_key")}`;
  return { items: shown.map(page.toItem), nextCursor };
}
