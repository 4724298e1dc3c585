import { type Clock, systemClock } from "../../core/clock.js";
import { anything, checkOptions, handle, number, type OptionChecks, oneOf } from "../../mapping/option-checks.js";
import type { FullStorage } from "../../storage/storage.js";
import { sqliteAuditStore } from "./sqlite/sqlite-audit.js";
import { createSession, type SqliteDatabase } from "./sqlite/sqlite-database.js";
import { sqliteEventStore } from "./sqlite/sqlite-events.js";
import { sqliteGroupStore } from "./sqlite/sqlite-groups.js";
import { migrateSqlite, sqliteMigrationSql } from "./sqlite/sqlite-migrations.js";
import { sqliteRunStore } from "./sqlite/sqlite-runs.js";
import { sqliteTriggerStore } from "./sqlite/sqlite-triggers.js";
import { sqliteUserStore } from "./sqlite/sqlite-users.js";

export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./sqlite/sqlite-database.js";

export interface SqliteStorageOptions {
  /** An open handle of libsql, better-sqlite3 or node:sqlite. Stays the host's: `close` is theirs to call. */
  readonly database: SqliteDatabase;
  /** `FULL` survives a power cut; `NORMAL` is faster and survives the end of the process. @default "FULL" */
  readonly synchronous?: "FULL" | "NORMAL" | undefined;
  /** How long a write waits for that of another process. Milliseconds. @default 5,000 */
  readonly busyTimeoutMs?: number | undefined;
  /** What leases go by; all processes on one file are on one machine. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

export interface SqliteStorage extends FullStorage {
  /** Creates or updates the tables, which all start with `bellwire_`. May be called at every start, by any number of processes. */
  migrate(): Promise<void>;
  /** All of it as SQL, for an empty database. It can not be run twice: `migrate` is what brings one up to date. */
  migrationSql(): string;
}

const sqliteChecks: OptionChecks<SqliteStorageOptions> = {
  database: handle(
    ["prepare"],
    'an open handle of libsql, better-sqlite3 or node:sqlite, such as new Database("bellwire.db")',
  ),
  synchronous: oneOf("FULL", "NORMAL"),
  busyTimeoutMs: number,
  clock: anything,
};

/**
 * Keeps everything in a SQLite database, in WAL mode; several processes of one machine may share the file.
 * @throws `CONFIG_INVALID`, also for a `database` that is no handle
 */
export function sqliteStorage(options: SqliteStorageOptions): SqliteStorage {
  checkOptions(options, sqliteChecks, { at: "sqliteStorage: ", required: ["database"] });
  const { database, synchronous = "FULL", busyTimeoutMs = 5_000, clock = systemClock } = options;
  database.exec(
    `PRAGMA busy_timeout = ${Math.trunc(busyTimeoutMs)}; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};`,
  );
  const session = createSession(database);
  const users = sqliteUserStore(session, clock);
  return {
    events: { ...sqliteEventStore(session, clock), checksKnownIn: users },
    runs: sqliteRunStore(session, clock),
    users,
    groups: sqliteGroupStore(session),
    triggers: sqliteTriggerStore(session),
    audit: sqliteAuditStore(session),
    coalesce: true,
    migrate: async () => migrateSqlite(database),
    migrationSql: () => sqliteMigrationSql(),
  };
}
