import { checkOptions, flag, handle, type OptionChecks, requiredText } from "../../mapping/option-checks.js";
import type { FullStorage } from "../../storage/storage.js";
import { postgresAuditStore } from "./postgres/postgres-audit.js";
import { createQuery, type PostgresClient, type Query } from "./postgres/postgres-client.js";
import { postgresEventStore } from "./postgres/postgres-events.js";
import { postgresGroupStore } from "./postgres/postgres-groups.js";
import { migratePostgres, postgresMigrationSql } from "./postgres/postgres-migrations.js";
import { postgresRunStore } from "./postgres/postgres-runs.js";
import { postgresTriggerStore } from "./postgres/postgres-triggers.js";
import { postgresUserStore } from "./postgres/postgres-users.js";

export type {
  PgClient,
  PgPreparedQuery,
  PostgresClient,
  PostgresJsClient,
  PostgresValue,
} from "./postgres/postgres-client.js";

export interface PostgresStorageOptions {
  /** A `Pool` of `pg`, or the `sql` of postgres.js. Stays the host's: ending it is theirs. */
  readonly pool: PostgresClient;
  /** Where the tables are; `migrate` creates it. @default "public" */
  readonly schema?: string | undefined;
  /**
   * Whether the hot statements are prepared. `false` behind a pooler that hands each transaction to another connection and does not
   * know prepared statements, such as PgBouncer before 1.21.
   * @default true
   */
  readonly prepare?: boolean | undefined;
}

export interface PostgresStorage extends FullStorage {
  /** Creates or updates the tables, which all start with `bellwire_`. May be called by any number of processes at once. */
  migrate(): Promise<void>;
  /** The same as SQL, for teams that run their own migrations. */
  migrationSql(): string;
  /**
   * The same storage on a client of the host's, so that what it writes belongs to a transaction of the host's. A deadlock (`40P01`) is
   * then the host's to try again, with the whole transaction.
   */
  withClient(client: PostgresClient): FullStorage;
}

const postgresChecks: OptionChecks<PostgresStorageOptions> = {
  pool: handle(["query", "unsafe"], "a Pool of pg, or the sql of postgres.js"),
  schema: requiredText,
  prepare: flag,
};

/**
 * Keeps everything in PostgreSQL. Recording a payload takes one round trip whatever its size, the look-up of its recipients included,
 * and so does settling its runs.
 * @throws `CONFIG_INVALID`, also for a `pool` that is no client
 */
export function postgresStorage(options: PostgresStorageOptions): PostgresStorage {
  checkOptions(options, postgresChecks, { at: "postgresStorage: ", required: ["pool"] });
  const { pool, schema = "public", prepare = true } = options;
  return {
    ...storesOn(createQuery(pool, { schema, prepare })),
    coalesce: { maxCalls: 32 },
    migrate: () => migratePostgres(pool, schema),
    migrationSql: () => postgresMigrationSql(schema),
    withClient: (client) => storesOn(createQuery(client, { schema, prepare, retries: false })),
  };
}

function storesOn(query: Query): FullStorage {
  const users = postgresUserStore(query);
  return {
    events: { ...postgresEventStore(query), checksKnownIn: users },
    runs: postgresRunStore(query),
    users,
    groups: postgresGroupStore(query),
    triggers: postgresTriggerStore(query),
    audit: postgresAuditStore(query),
  };
}
