import Database from "libsql";
import pg from "pg";
import { postgresStorage } from "../../src/adapters/storage/postgres.js";
import { sqliteStorage } from "../../src/adapters/storage/sqlite.js";
import type { Storage } from "../../src/storage/storage.js";

/** A database that several processes share. */
export interface FaultTarget {
  /** A file, or a connection string. */
  readonly database: string;
  /** Empty for SQLite. */
  readonly schema: string;
}

export interface OpenStorage {
  readonly storage: Storage & { migrate(): Promise<void> };
  readonly close: () => Promise<unknown>;
}

export function openStorage({ database: place, schema }: FaultTarget): OpenStorage {
  if (schema === "") {
    const database = new Database(place);
    return { storage: sqliteStorage({ database }), close: async () => database.close() };
  }
  const pool = new pg.Pool({ connectionString: place });
  pool.on("error", () => undefined);
  return { storage: postgresStorage({ pool, schema }), close: () => pool.end() };
}
