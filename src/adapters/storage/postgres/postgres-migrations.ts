import { createQuery, type PostgresClient, quoteIdentifier } from "./postgres-client.js";
import { deleteFunctionSql, mergeFunctionSql, redirectsFunctionSql } from "./postgres-merges.js";
import { refusedByNumbersFunctionSql, refusedFunctionSql, unknownUsersFunctionSql } from "./postgres-refusals.js";
import { settleFunctionSql, settleWithoutEventsFunctionSql } from "./postgres-settle.js";

/** In order, and never changed once released: a database is brought from any earlier version to this one. */
const migrations: readonly string[] = [
  `CREATE TABLE bellwire.events (
     environment text NOT NULL,
     source text NOT NULL,
     message_id text NOT NULL,
     type text,
     name text,
     user_id text,
     anonymous_id text,
     occurred_at bigint NOT NULL,
     received_at bigint NOT NULL,
     payload text,
     decision text,
     reason text,
     base_status text NOT NULL,
     status text NOT NULL,
     pending_runs integer NOT NULL,
     has_failed boolean NOT NULL DEFAULT false,
     PRIMARY KEY (environment, source, message_id)
   );
   CREATE INDEX ON bellwire.events (environment, received_at, message_id, source);
   CREATE INDEX ON bellwire.events (environment, status, received_at);
   CREATE INDEX ON bellwire.events (environment, type, name, received_at);
   CREATE INDEX ON bellwire.events (environment, user_id, received_at) WHERE user_id IS NOT NULL;
   CREATE TABLE bellwire.runs (
     idempotency_key text PRIMARY KEY,
     environment text NOT NULL,
     source text NOT NULL,
     message_id text NOT NULL,
     position integer NOT NULL,
     trigger_key text NOT NULL,
     workflow text NOT NULL,
     action text NOT NULL,
     request text NOT NULL,
     received_at bigint NOT NULL,
     status text NOT NULL,
     attempts integer NOT NULL DEFAULT 0,
     fence integer NOT NULL DEFAULT 0,
     owner text,
     leased_until bigint NOT NULL DEFAULT 0,
     first_claimed_at bigint,
     next_attempt_at bigint NOT NULL DEFAULT 0,
     workflow_run_id text,
     error text
   );
   CREATE INDEX ON bellwire.runs (environment, source, message_id, position);
   CREATE INDEX ON bellwire.runs (environment, source, next_attempt_at) WHERE status = 'pending';
   CREATE INDEX ON bellwire.runs (environment, status, received_at, idempotency_key);
   CREATE TABLE bellwire.names (
     environment text NOT NULL,
     source text NOT NULL,
     type text NOT NULL,
     name text NOT NULL,
     count bigint NOT NULL,
     first_seen_at bigint NOT NULL,
     last_seen_at bigint NOT NULL,
     PRIMARY KEY (environment, source, type, name)
   );
   CREATE TABLE bellwire.users (
     environment text NOT NULL,
     id text NOT NULL,
     registers text NOT NULL,
     version bigint NOT NULL,
     PRIMARY KEY (environment, id)
   );
   CREATE TABLE bellwire.deleted_users (
     environment text NOT NULL,
     hash text NOT NULL,
     deleted_at bigint NOT NULL,
     PRIMARY KEY (environment, hash)
   );
   CREATE TABLE bellwire.trigger_overrides (
     source text NOT NULL,
     environment text NOT NULL,
     trigger_key text NOT NULL,
     active boolean NOT NULL,
     changed_by text,
     changed_at bigint NOT NULL,
     PRIMARY KEY (source, environment, trigger_key)
   );
   CREATE TABLE bellwire.environment_overrides (
     source text NOT NULL,
     environment text NOT NULL,
     identify boolean NOT NULL,
     changed_by text,
     changed_at bigint NOT NULL,
     PRIMARY KEY (source, environment)
   );`,
  `ALTER TABLE bellwire.runs ADD COLUMN waiting_for text, ADD COLUMN held_until bigint, ADD COLUMN hold_then text;
   CREATE INDEX ON bellwire.runs (environment, waiting_for) WHERE waiting_for IS NOT NULL;
   CREATE INDEX ON bellwire.runs (environment, source, held_until) WHERE status = 'held';
   CREATE TABLE bellwire.merged_users (
     environment text NOT NULL,
     id text NOT NULL,
     merged_into text NOT NULL,
     PRIMARY KEY (environment, id)
   );
   CREATE INDEX ON bellwire.merged_users (environment, merged_into);`,
  `ALTER TABLE bellwire.runs ADD COLUMN duration_ms integer;`,
  `DROP INDEX bellwire.events_environment_received_at_message_id_source_idx, bellwire.runs_environment_source_message_id_position_idx,
     bellwire.runs_environment_status_received_at_idempotency_ke_idx;
   CREATE INDEX ON bellwire.events (environment, received_at);
   CREATE INDEX ON bellwire.events (received_at) WHERE decision IS NOT NULL;
   CREATE INDEX ON bellwire.runs (message_id);
   CREATE INDEX ON bellwire.runs (environment, received_at);
   CREATE INDEX ON bellwire.deleted_users (deleted_at);
   UPDATE bellwire.events SET status = 'failed' WHERE status = 'in_progress' AND (has_failed OR base_status = 'failed');`,
  `CREATE TABLE bellwire.groups (
     environment text NOT NULL,
     id text NOT NULL,
     registers text NOT NULL,
     version bigint NOT NULL,
     PRIMARY KEY (environment, id)
   );
   CREATE TABLE bellwire.members (
     environment text NOT NULL,
     group_id text NOT NULL,
     user_id text COLLATE "C" NOT NULL,
     is_member boolean NOT NULL,
     said_at bigint NOT NULL,
     PRIMARY KEY (environment, group_id, user_id)
   );
   CREATE INDEX ON bellwire.members (environment, user_id);
   CREATE TABLE bellwire.anonymous (
     environment text NOT NULL,
     id text NOT NULL,
     said text NOT NULL,
     user_id text,
     linked_at bigint,
     seen_at bigint NOT NULL,
     version bigint NOT NULL,
     PRIMARY KEY (environment, id)
   );
   CREATE INDEX ON bellwire.anonymous (environment, user_id) WHERE user_id IS NOT NULL;
   CREATE INDEX ON bellwire.anonymous (seen_at);
   CREATE INDEX ON bellwire.events (environment, anonymous_id) WHERE user_id IS NULL AND anonymous_id IS NOT NULL;
   ALTER TABLE bellwire.runs ADD COLUMN parent text, ADD COLUMN progress text;
   CREATE FUNCTION bellwire.deletions(of_environment text, of_hashes text[]) RETURNS TABLE (hash text, deleted_at bigint)
   LANGUAGE plpgsql VOLATILE AS $deletions$ BEGIN
     PERFORM pg_advisory_xact_lock_shared(hashtextextended('bellwire deletions ' || of_environment, 0));
     RETURN QUERY SELECT d.hash, d.deleted_at FROM bellwire.deleted_users d
       WHERE d.environment = of_environment AND d.hash = ANY (of_hashes);
   END $deletions$;`,
  // In the order of their bytes messageIds are found by how they start, which no language's order allows.
  `ALTER TABLE bellwire.runs ADD COLUMN attempts_before_retry integer NOT NULL DEFAULT 0,
     ALTER COLUMN message_id TYPE text COLLATE "C";
   ALTER TABLE bellwire.events ADD COLUMN failed_runs integer NOT NULL DEFAULT 0, ADD COLUMN reopened_at bigint,
     ALTER COLUMN message_id TYPE text COLLATE "C";
   UPDATE bellwire.events e SET failed_runs = (SELECT count(*) FROM bellwire.runs r WHERE r.environment = e.environment
     AND r.source = e.source AND r.message_id = e.message_id AND r.status IN ('failed', 'dead', 'uncertain')) WHERE status = 'failed';
   CREATE INDEX ON bellwire.runs (environment, status, received_at) WHERE status NOT IN ('pending', 'triggered');
   CREATE INDEX ON bellwire.members (said_at) WHERE NOT is_member;
   CREATE TABLE bellwire.stored_triggers (
     source text NOT NULL,
     trigger_key text NOT NULL,
     definition text NOT NULL,
     saved_by text,
     saved_at bigint NOT NULL,
     PRIMARY KEY (source, trigger_key)
   );
   CREATE INDEX ON bellwire.events (environment, reason, received_at) WHERE reason <> 'no_matching_trigger';
   DROP INDEX bellwire.events_environment_received_at_idx;
   CREATE INDEX ON bellwire.events (environment, received_at) INCLUDE (source);
   CREATE TABLE bellwire.audit (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     source text NOT NULL,
     at bigint NOT NULL,
     changed_by text,
     action text NOT NULL,
     environment text,
     subject text,
     detail text
   );
   CREATE INDEX ON bellwire.audit (source, id);
   CREATE INDEX ON bellwire.audit (at);
   ALTER TABLE bellwire.users ADD COLUMN email text;
   UPDATE bellwire.users SET email = lower(substring(registers from '"/email":\\["((?:[^"\\\\]|\\\\.)*)",'))
     WHERE registers LIKE '%"/email":["%';
   CREATE INDEX ON bellwire.users (environment, id COLLATE "C");
   CREATE INDEX ON bellwire.users (environment, email, id COLLATE "C") WHERE email IS NOT NULL;`,
  settleFunctionSql,
  `ALTER TABLE bellwire.names ADD COLUMN slot integer NOT NULL DEFAULT 0, DROP CONSTRAINT bellwire_names_pkey,
     ADD PRIMARY KEY (environment, source, type, name, slot);`,
  // Planned for every call anew otherwise, which takes longer than all that is done by it: a list of known length looks cheaper.
  `${unknownUsersFunctionSql}
   ALTER FUNCTION bellwire.settle SET plan_cache_mode = force_generic_plan;`,
  // Events of the usual size are kept as they are: to compress each takes a sixth of the time it takes to write, and saves a fifth of it.
  `${refusedFunctionSql}
   ALTER TABLE bellwire.events SET (toast_tuple_target = 8160);`,
  `${refusedByNumbersFunctionSql}
   ${settleWithoutEventsFunctionSql}`,
  `${redirectsFunctionSql}
   ${mergeFunctionSql}
   ${deleteFunctionSql}`,
];

/**
 * All of it as SQL. Each version checks for itself whether it is needed, and everything stands in one block, which PostgreSQL runs
 * as one transaction under an advisory lock: killed half-way or run by two processes at once, it is whole or not there.
 *
 * @param through an earlier version to stop at
 */
export function postgresMigrationSql(schema: string, through: number = migrations.length): string {
  const name = quoteIdentifier(schema);
  const versions = migrations.slice(0, through).map(
    (sql, index) => `IF NOT EXISTS (SELECT 1 FROM bellwire.migrations WHERE version = ${index + 1}) THEN
${sql}
INSERT INTO bellwire.migrations (version) VALUES (${index + 1});
END IF;`,
  );
  const block = `DO $bellwire$ BEGIN
PERFORM pg_advisory_xact_lock(hashtext('bellwire migrations'));
CREATE SCHEMA IF NOT EXISTS ${name};
CREATE TABLE IF NOT EXISTS bellwire.migrations (version integer PRIMARY KEY);
${versions.join("\n")}
END $bellwire$;`;
  return block.replaceAll("bellwire.", `${name}.bellwire_`);
}

export async function migratePostgres(client: PostgresClient, schema: string): Promise<void> {
  await createQuery(client, { schema })(postgresMigrationSql(schema));
}
