import { hash } from "node:crypto";
import { BellwireError } from "../../../core/errors.js";
import { isRow, type Row } from "../stored-row.js";

/** A statement that `pg` prepares once for each connection, by its name. */
export interface PgPreparedQuery {
  readonly name: string;
  readonly text: string;
}

/** A `Pool` or `Client` of `pg`. */
export interface PgClient {
  query(query: string | PgPreparedQuery, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** The `sql` of postgres.js. */
export interface PostgresJsClient {
  unsafe(
    text: string,
    parameters: PostgresValue[],
    options?: { readonly prepare?: boolean },
  ): PromiseLike<readonly unknown[]>;
}

export type PostgresValue = string | number | null | Uint8Array;

export type PostgresClient = PgClient | PostgresJsClient;

/** One statement, one round trip. */
export interface Query {
  /** Planned anew each time, with its values and the sizes that the tables have by then. */
  (sql: string, ...values: PostgresValue[]): Promise<readonly Row[]>;
  /**
   * Parsed and planned once for each connection. Only for statements with one sensible plan: one that was made while a table was
   * small would read it whole long after it has grown.
   */
  readonly prepared: (sql: string, ...values: PostgresValue[]) => Promise<readonly Row[]>;
}

interface Statement {
  readonly text: string;
  /** `null`: not prepared. */
  readonly name: string | null;
}

const maxTries = 8;

/** Deadlock and serialization failure: the transaction was taken back whole, and may be tried again. */
const transient = new Set(["40P01", "40001"]);

/** Undefined table, column, function and schema. */
const unmigrated = new Set(["42P01", "42703", "42883", "3F000"]);

export interface QueryOptions {
  readonly schema: string;
  /** @default true */
  readonly prepare?: boolean;
  /**
   * `false` inside a transaction of somebody else's, which a deadlock takes back whole: only they can try it again.
   * @default true
   */
  readonly retries?: boolean;
}

export function createQuery(client: PostgresClient, { schema, prepare = true, retries = true }: QueryOptions): Query {
  const tries = retries ? maxTries : 1;
  // Every table is written as bellwire.<name>; the schema is the host's to choose.
  const inSchema = (sql: string) => sql.replaceAll("bellwire.", `${quoteIdentifier(schema)}.bellwire_`);
  const statements = new Map<string, Statement>();
  const toPrepared = (sql: string): Statement => {
    const text = inSchema(sql);
    // The client keeps one text for each name, and several storages may share it.
    const name = prepare ? `bellwire_${hash("sha256", text).slice(0, 32)}` : null;
    const statement = { text, name };
    statements.set(sql, statement);
    return statement;
  };
  const query = (sql: string, ...values: PostgresValue[]) =>
    run(client, { text: inSchema(sql), name: null }, { values, tries });
  return Object.assign(query, {
    prepared: (sql: string, ...values: PostgresValue[]) =>
      run(client, statements.get(sql) ?? toPrepared(sql), { values, tries }),
  });
}

interface Attempts {
  readonly values: PostgresValue[];
  readonly tries: number;
}

async function run(client: PostgresClient, statement: Statement, { values, tries }: Attempts): Promise<readonly Row[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await send(client, statement, values)).filter(isRow);
    } catch (error) {
      const code = sqlState(error);
      if (unmigrated.has(code)) throw migrationPending(error);
      if (!transient.has(code) || attempt === tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * 2 ** attempt));
    }
  }
}

async function send(
  client: PostgresClient,
  { text, name }: Statement,
  values: PostgresValue[],
): Promise<readonly unknown[]> {
  if ("unsafe" in client) return client.unsafe(text, values, { prepare: name !== null });
  return (await client.query(name === null ? text : { name, text }, values)).rows;
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function sqlState(error: unknown): string {
  const code: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "code") : null;
  return typeof code === "string" ? code : "";
}

function migrationPending(cause: unknown): BellwireError {
  const message =
    "The database lacks tables of this version. Run await storage.migrate(), or storage.migrationSql() by hand.";
  return new BellwireError({ code: "STORAGE_MIGRATION_PENDING", message, cause, retryable: true });
}

/** Rows inside a row, as `json_agg` makes them. */
export function rowsOf(row: Row, column: string): readonly Row[] {
  const value = row[column];
  return Array.isArray(value) ? value.filter(isRow) : [];
}

/**
 * The database's clock when the statement began, milliseconds since the epoch. The running clock changes while a statement is at
 * work, so that no index can be searched by it.
 */
export const nowMs = "(extract(epoch from statement_timestamp()) * 1000)::bigint";

/**
 * An array of PostgreSQL's as text. Of texts only such that need no other escape than JSON's own: those of `toStoredText`, JSON, and
 * names of ours.
 */
export function toArray(values: readonly (string | number | null)[]): string {
  return `{${JSON.stringify(values).slice(1, -1)}}`;
}
