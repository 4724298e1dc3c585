import { BellwireError } from "../../../core/errors.js";

export type SqliteValue = string | number | null;

/** A synchronous SQLite handle: `libsql`, `better-sqlite3`, or `DatabaseSync` of `node:sqlite`. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

export interface SqliteStatement {
  run(...parameters: SqliteValue[]): unknown;
  all(...parameters: SqliteValue[]): unknown[];
}

/** A row as every driver returns it; read through the functions below, never by its type. */
export type Row = Readonly<Record<string, unknown>>;

/** The handle with prepared statements kept, and transactions that nothing asynchronous can slip into. */
export interface SqliteSession {
  run(sql: string, ...parameters: SqliteValue[]): void;
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
    run: (sql, ...parameters) => void prepare(sql).run(...parameters),
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
    if (!/no such (table|column)/.test(String(cause))) throw cause;
    const message = "The database lacks tables of this version. Call await storage.migrate() when the process starts.";
    throw new BellwireError({ code: "STORAGE_MIGRATION_PENDING", message, cause, retryable: true });
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null;
}

export function textOf(row: Row, column: string): string {
  return String(row[column]);
}

export function textOrNull(row: Row, column: string): string | null {
  const value = row[column];
  return value === null || value === undefined ? null : String(value);
}

export function numberOf(row: Row, column: string): number {
  return Number(row[column]);
}

export function dateOrNull(row: Row, column: string): Date | null {
  const value = row[column];
  return value === null || value === undefined ? null : new Date(Number(value));
}
