import type { Page } from "../../../storage/page.js";
import { numberOf, type Row } from "../stored-row.js";
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
  /** The same for the page as a whole. */
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
  const split = query.cursor?.indexOf("-") ?? -1;
  if (query.cursor !== undefined && split > 0) {
    conditions.push(`(received_at, ${key}) < (?, ?)`);
    const after = query.cursor.slice(split + 1);
    parameters.push(Number(query.cursor.slice(0, split)), key === "id" ? Number(after) : after);
  }
  const newest = `ORDER BY received_at DESC, ${key} DESC LIMIT ?`;
  const own = { sql: conditions.join(" AND "), parameters };
  const { sql, parameters: values } = query.anyOf === undefined ? own : anyOf(query, own, newest);
  const rows = session.all(`SELECT * FROM ${table} ${query.hint ?? ""} WHERE ${sql} ${newest}`, ...values, limit + 1);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor =
    last === undefined || rows.length <= limit ? null : `${numberOf(last, "received_at")}-${String(last[key])}`;
  return { items: shown.map(query.toItem), nextCursor };
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
