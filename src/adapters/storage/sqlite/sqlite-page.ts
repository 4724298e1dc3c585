import type { Page } from "../../../storage/page.js";
import { readReceiptCursor, receiptCursor, toPage } from "../stored-page.js";
import { type Row, textOf } from "../stored-row.js";
import type { SqliteSession, SqliteValue } from "./sqlite-database.js";

export interface SqliteCondition {
  /** Which index to go by, where the planner, who knows nothing of how many rows meet a condition, chooses a long way. */
  readonly hint?: string;
  readonly sql: string;
  readonly parameters: readonly SqliteValue[];
}

export interface PageQuery<Item> {
  readonly table: string;
  /** The column that makes the order by time of receipt a total one. */
  readonly key: string;
  /** Conditions with one parameter each; those whose value is absent do not filter. */
  readonly filters: readonly (readonly [condition: string, value: SqliteValue | undefined])[];
  /** Conditions of which an item meets at least one; each is looked up by an index of its own, so that a page costs one page of each. */
  readonly anyOf?: readonly SqliteCondition[] | undefined;
  /** Which index the page as a whole goes by, as that of a condition. */
  readonly hint?: string;
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly toItem: (row: Row) => Item;
}

/** Newest first; the cursor is the time and key of the last item, so that a page costs the same wherever it is. */
export function pageOf<Item>(session: SqliteSession, query: PageQuery<Item>): Page<Item> {
  const { table, key, limit } = query;
  const conditions: string[] = [];
  const parameters: SqliteValue[] = [];
  for (const [condition, value] of query.filters) {
    if (value === undefined) continue;
    conditions.push(condition);
    parameters.push(value);
  }
  const after = readReceiptCursor(query.cursor);
  if (after !== null) {
    const [time, item] = after;
    conditions.push(`(received_at, ${key}) < (?, ?)`);
    parameters.push(time, key === "id" ? Number(item) : item);
  }
  const newest = `ORDER BY received_at DESC, ${key} DESC LIMIT ?`;
  const own = { sql: conditions.join(" AND "), parameters };
  const { sql, parameters: values } = query.anyOf === undefined ? own : anyOf(query, own, newest);
  const rows = session.all(`SELECT * FROM ${table} ${query.hint ?? ""} WHERE ${sql} ${newest}`, ...values, limit + 1);
  return toPage(rows, limit, { toItem: query.toItem, cursorOf: (last) => receiptCursor(last, textOf(last, key)) });
}

/** Rows that meet `common` and one of the alternatives, as a condition on their key. */
function anyOf<Item>(
  { table, key, limit, anyOf: alternatives = [] }: PageQuery<Item>,
  common: SqliteCondition,
  newest: string,
): SqliteCondition {
  const branches = alternatives.map(
    ({ sql, hint = "" }) =>
      `SELECT * FROM (SELECT ${key} FROM ${table} ${hint} WHERE ${common.sql} AND ${sql} ${newest})`,
  );
  return {
    sql: `${key} IN (${branches.join(" UNION ")})`,
    parameters: alternatives.flatMap(({ parameters }) => [...common.parameters, ...parameters, limit + 1]),
  };
}
