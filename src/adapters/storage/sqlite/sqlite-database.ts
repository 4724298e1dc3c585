import { BellwireError } from "../../../core/errors.js";
import { isRow, type Row } from "../stored-row.js";

export type SqliteValue = string | number | null;

/** A synchronous SQLite handle: `libsql`, `better-sqlite3`, or `DatabaseSync` of `node:sqlite`. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

/** Given `SqliteValue`s only; the wider type is what the generic declarations of the drivers fit up to TypeScript 5.9. */
export interface SqliteStatement {
  /** What it changed; the drivers give numbers or bigints. */
  run(...parameters: unknown[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  all(...parameters: unknown[]): unknown[];
}

export interface SqliteChange {
  readonly changes: number;
  /** Of the row that an INSERT made, where it made one. */
  readonly lastId: number;
}

/** The handle with prepared statements kept, and transactions that nothing asynchronous can slip into. */
export interface SqliteSession {
  /** Much cheaper than reading rows back. */
  run(sql: string, ...parameters: SqliteValue[]): SqliteChange;
  all(sql: string, ...parameters: SqliteValue[]): readonly Row[];
  /** Takes the write lock first, so that two processes wait for each other instead of failing half-way. */
  transaction<Value>(work: () => Value): Value;
}

export function createSession(database: SqliteDatabase): SqliteSession {
  const statements = new Map<string, SqliteStatement>();
  const prepare = (sql: string): SqliteStatement => {
    const kept = statements.get(sql);
    if (kept !== undefined) return kept;
    const statement = prepareMigrated(database, sql);
    statements.set(sql, statement);
    return statement;
  };
  return {
    run(sql, ...parameters) {
      const { changes, lastInsertRowid } = prepare(sql).run(...parameters);
      return { changes: Number(changes), lastId: Number(lastInsertRowid) };
    },
    all: (sql, ...parameters) =>
      prepare(sql)
        .all(...parameters)
        .filter(isRow),
    transaction(work) {
      database.exec("BEGIN IMMEDIATE");
      try {
        const value = work();
        database.exec("COMMIT");
        return value;
      } catch (error) {
        rollBack(database);
        throw error;
      }
    },
  };
}

/** A full disk and other failures make SQLite roll back by itself; what failed first is what has to be told. */
function rollBack(database: SqliteDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {}
}

function prepareMigrated(database: SqliteDatabase, sql: string): SqliteStatement {
  try {
    return database.prepare(sql);
  } catch (cause) {
    if (!/no such (table|column|index)|has no column named/.test(String(cause))) throw cause;
    const message = "The database lacks tables of this version. Call await storage.migrate() when the process starts.";
    throw new BellwireError({ code: "STORAGE_MIGRATION_PENDING", message, cause, retryable: true });
  }
}
