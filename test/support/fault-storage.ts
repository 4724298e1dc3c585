import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import pg from "pg";
import { afterAll, beforeAll } from "vitest";
import { postgresStorage } from "../../src/adapters/storage/postgres.js";
import { sqliteStorage } from "../../src/adapters/storage/sqlite.js";
import type { Storage } from "../../src/storage/storage.js";
import { type RunningPostgres, startPostgres } from "./postgres.js";

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

export interface SharedDatabases {
  /** Gone when the file's tests have ended. */
  readonly folder: string;
  /** A SQLite file and a schema of PostgreSQL, by a label that keeps tests apart. */
  readonly stores: readonly (readonly [name: string, locate: (label: string) => FaultTarget])[];
}

/** For a file of tests whose processes share a database: a folder and a PostgreSQL that live as long as its tests. */
export function useSharedDatabases(): SharedDatabases {
  const folder = mkdtempSync(join(tmpdir(), "bellwire-faults-"));
  let server: RunningPostgres | null = null;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    stores: [
      ["SQLite", (label) => ({ database: join(folder, `${label}.db`), schema: "" })],
      ["PostgreSQL", (label) => ({ database: server?.connectionString ?? "", schema: label })],
    ],
  };
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
