import { BellwireError } from "../../../core/errors.js";
import { isRow, type Row } from "../stored-row.js";

/** A `Pool` or `Client` of `pg`. */
export interface PgClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** The `sql` of postgres.js. */
export interface PostgresJsClient {
  unsafe(text: string, parameters: PostgresValue[]): PromiseLike<readonly unknown[]>;
}

export type PostgresValue = string | number | null;

export type PostgresClient = PgClient | PostgresJsClient;

/** One statement, one round trip. */
export type Query = (sql: string, ...values: PostgresValue[]) => Promise<readonly Row[]>;

const maxTries = 8;

/** Deadlock and serialization failure: the transaction was taken back whole, and may be tried again. */
const transient = new Set(["40P01", "40001"]);

export function createQuery(client: PostgresClient, schema: string): Query {
  return async (sql, ...values) => {
    // Every table is written as bellwire.<name>; the schema is the host's to choose.
    const text = sql.replaceAll("bellwire.", `${quoteIdentifier(schema)}.bellwire_`);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await send(client, text, values)).filter(isRow);
      } catch (error) {
        const code = sqlState(error);
        if (code === "42P01" || code === "42703" || code === "3F000") throw migrationPending(error);
        if (code === null || !transient.has(code) || attempt === maxTries) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * 2 ** attempt));
      }
    }
  };
}

async function send(client: PostgresClient, text: string, values: PostgresValue[]): Promise<readonly unknown[]> {
  return "unsafe" in client ? client.unsafe(text, values) : (await client.query(text, values)).rows;
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function sqlState(error: unknown): string | null {
  const code: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "code") : null;
  return typeof code === "string" ? code : null;
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

/** The database's clock, milliseconds since the epoch. */
export const nowMs = "(extract(epoch from clock_timestamp()) * 1000)::bigint";
