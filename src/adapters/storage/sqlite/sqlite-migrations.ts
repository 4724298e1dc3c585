import { createSession, type SqliteDatabase } from "./sqlite-database.js";

/** In order, and never changed once released: a database is brought from any earlier version to this one. */
const migrations: readonly string[] = [
  `CREATE TABLE bellwire_events (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     environment TEXT NOT NULL,
     source TEXT NOT NULL,
     message_id TEXT NOT NULL,
     type TEXT,
     name TEXT,
     user_id TEXT,
     anonymous_id TEXT,
     occurred_at INTEGER NOT NULL,
     received_at INTEGER NOT NULL,
     payload TEXT,
     decision TEXT,
     reason TEXT,
     base_status TEXT NOT NULL,
     status TEXT NOT NULL,
     UNIQUE (environment, source, message_id)
   );
   CREATE INDEX bellwire_events_received ON bellwire_events (environment, received_at, id);
   CREATE INDEX bellwire_events_status ON bellwire_events (environment, status, received_at, id);
   CREATE INDEX bellwire_events_name ON bellwire_events (environment, type, name, received_at, id);
   CREATE INDEX bellwire_events_user ON bellwire_events (environment, user_id, received_at, id);
   CREATE TABLE bellwire_runs (
     idempotency_key TEXT PRIMARY KEY,
     event_id INTEGER NOT NULL,
     position INTEGER NOT NULL,
     environment TEXT NOT NULL,
     source TEXT NOT NULL,
     message_id TEXT NOT NULL,
     trigger_key TEXT NOT NULL,
     workflow TEXT NOT NULL,
     action TEXT NOT NULL,
     request TEXT NOT NULL,
     received_at INTEGER NOT NULL,
     status TEXT NOT NULL,
     attempts INTEGER NOT NULL DEFAULT 0,
     fence INTEGER NOT NULL DEFAULT 0,
     owner TEXT,
     leased_until INTEGER NOT NULL DEFAULT 0,
     first_claimed_at INTEGER,
     next_attempt_at INTEGER,
     workflow_run_id TEXT,
     error TEXT
   ) WITHOUT ROWID;
   CREATE INDEX bellwire_runs_event ON bellwire_runs (event_id, position);
   CREATE INDEX bellwire_runs_due ON bellwire_runs (environment, source, next_attempt_at) WHERE status = 'pending';
   CREATE INDEX bellwire_runs_listed ON bellwire_runs (environment, status, received_at, idempotency_key);
   CREATE TABLE bellwire_names (
     environment TEXT NOT NULL,
     source TEXT NOT NULL,
     type TEXT NOT NULL,
     name TEXT NOT NULL,
     count INTEGER NOT NULL,
     first_seen_at INTEGER NOT NULL,
     last_seen_at INTEGER NOT NULL,
     PRIMARY KEY (environment, source, type, name)
   ) WITHOUT ROWID;
   CREATE TABLE bellwire_users (
     environment TEXT NOT NULL,
     id TEXT NOT NULL,
     registers TEXT NOT NULL,
     PRIMARY KEY (environment, id)
   ) WITHOUT ROWID;
   CREATE TABLE bellwire_deleted_users (
     environment TEXT NOT NULL,
     hash TEXT NOT NULL,
     deleted_at INTEGER NOT NULL,
     PRIMARY KEY (environment, hash)
   ) WITHOUT ROWID;
   CREATE TABLE bellwire_trigger_overrides (
     source TEXT NOT NULL,
     environment TEXT NOT NULL,
     trigger_key TEXT NOT NULL,
     active INTEGER NOT NULL,
     changed_by TEXT,
     changed_at INTEGER NOT NULL,
     PRIMARY KEY (source, environment, trigger_key)
   ) WITHOUT ROWID;
   CREATE TABLE bellwire_environment_overrides (
     source TEXT NOT NULL,
     environment TEXT NOT NULL,
     identify INTEGER NOT NULL,
     changed_by TEXT,
     changed_at INTEGER NOT NULL,
     PRIMARY KEY (source, environment)
   ) WITHOUT ROWID;`,
  `ALTER TABLE bellwire_runs ADD COLUMN waiting_for TEXT;
   ALTER TABLE bellwire_runs ADD COLUMN held_until INTEGER;
   ALTER TABLE bellwire_runs ADD COLUMN hold_then TEXT;
   CREATE INDEX bellwire_runs_waiting ON bellwire_runs (environment, waiting_for) WHERE waiting_for IS NOT NULL;
   CREATE INDEX bellwire_runs_held ON bellwire_runs (environment, source, held_until) WHERE status = 'held';
   CREATE TABLE bellwire_merged_users (
     environment TEXT NOT NULL,
     id TEXT NOT NULL,
     merged_into TEXT NOT NULL,
     PRIMARY KEY (environment, id)
   ) WITHOUT ROWID;
   CREATE INDEX bellwire_merged_users_into ON bellwire_merged_users (environment, merged_into);`,
  `ALTER TABLE bellwire_runs ADD COLUMN duration_ms INTEGER;`,
  `DROP INDEX bellwire_runs_listed;
   CREATE INDEX bellwire_runs_received ON bellwire_runs (environment, received_at);
   CREATE INDEX bellwire_events_purge ON bellwire_events (received_at) WHERE decision IS NOT NULL;
   CREATE INDEX bellwire_deleted_users_at ON bellwire_deleted_users (deleted_at);
   UPDATE bellwire_events SET status = 'failed' WHERE status = 'in_progress' AND (base_status = 'failed'
     OR EXISTS (SELECT 1 FROM bellwire_runs WHERE event_id = bellwire_events.id AND status IN ('failed', 'dead', 'uncertain')));`,
  `CREATE TABLE bellwire_groups (
     environment TEXT NOT NULL,
     id TEXT NOT NULL,
     registers TEXT NOT NULL,
     PRIMARY KEY (environment, id)
   ) WITHOUT ROWID;
   CREATE TABLE bellwire_members (
     environment TEXT NOT NULL,
     group_id TEXT NOT NULL,
     user_id TEXT NOT NULL,
     is_member INTEGER NOT NULL,
     said_at INTEGER NOT NULL,
     PRIMARY KEY (environment, group_id, user_id)
   ) WITHOUT ROWID;
   CREATE INDEX bellwire_members_user ON bellwire_members (environment, user_id);
   CREATE TABLE bellwire_anonymous (
     environment TEXT NOT NULL,
     id TEXT NOT NULL,
     said TEXT NOT NULL,
     user_id TEXT,
     linked_at INTEGER,
     seen_at INTEGER NOT NULL,
     PRIMARY KEY (environment, id)
   ) WITHOUT ROWID;
   CREATE INDEX bellwire_anonymous_user ON bellwire_anonymous (environment, user_id) WHERE user_id IS NOT NULL;
   CREATE INDEX bellwire_anonymous_seen ON bellwire_anonymous (seen_at);
   CREATE INDEX bellwire_events_anonymous ON bellwire_events (environment, anonymous_id)
     WHERE user_id IS NULL AND anonymous_id IS NOT NULL;
   ALTER TABLE bellwire_runs ADD COLUMN parent TEXT;
   ALTER TABLE bellwire_runs ADD COLUMN progress TEXT;`,
  `ALTER TABLE bellwire_runs ADD COLUMN attempts_before_retry INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX bellwire_runs_attention ON bellwire_runs (environment, status, received_at) WHERE status NOT IN ('pending', 'triggered');
   CREATE INDEX bellwire_members_left ON bellwire_members (said_at) WHERE is_member = 0;
   CREATE TABLE bellwire_stored_triggers (
     source TEXT NOT NULL,
     trigger_key TEXT NOT NULL,
     definition TEXT NOT NULL,
     saved_by TEXT,
     saved_at INTEGER NOT NULL,
     PRIMARY KEY (source, trigger_key)
   ) WITHOUT ROWID;
   CREATE INDEX bellwire_events_reason ON bellwire_events (environment, reason, received_at, id) WHERE reason <> 'no_matching_trigger';
   DROP INDEX bellwire_events_received;
   CREATE INDEX bellwire_events_received ON bellwire_events (environment, received_at, id, source);
   CREATE TABLE bellwire_audit (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     source TEXT NOT NULL,
     at INTEGER NOT NULL,
     changed_by TEXT,
     action TEXT NOT NULL,
     environment TEXT,
     subject TEXT,
     detail TEXT
   );
   CREATE INDEX bellwire_audit_listed ON bellwire_audit (source, id);
   CREATE INDEX bellwire_audit_at ON bellwire_audit (at);
   ALTER TABLE bellwire_users ADD COLUMN email TEXT;
   UPDATE bellwire_users SET email = lower(json_extract(registers, '$."/email"[0]'));
   CREATE INDEX bellwire_users_email ON bellwire_users (environment, email, id) WHERE email IS NOT NULL;`,
  // Runs one behind the other, as they come: in the order of their keys, which are hashes, each is written to a page of its own.
  `ALTER TABLE bellwire_runs RENAME TO bellwire_runs_by_key;
   CREATE TABLE bellwire_runs (
     id INTEGER PRIMARY KEY,
     idempotency_key TEXT NOT NULL,
     event_id INTEGER NOT NULL,
     position INTEGER NOT NULL,
     environment TEXT NOT NULL,
     source TEXT NOT NULL,
     message_id TEXT NOT NULL,
     trigger_key TEXT NOT NULL,
     workflow TEXT NOT NULL,
     action TEXT NOT NULL,
     request TEXT NOT NULL,
     received_at INTEGER NOT NULL,
     status TEXT NOT NULL,
     attempts INTEGER NOT NULL DEFAULT 0,
     fence INTEGER NOT NULL DEFAULT 0,
     owner TEXT,
     leased_until INTEGER NOT NULL DEFAULT 0,
     first_claimed_at INTEGER,
     next_attempt_at INTEGER,
     workflow_run_id TEXT,
     error TEXT,
     waiting_for TEXT,
     held_until INTEGER,
     hold_then TEXT,
     duration_ms INTEGER,
     parent TEXT,
     progress TEXT,
     attempts_before_retry INTEGER NOT NULL DEFAULT 0,
     UNIQUE (event_id, idempotency_key)
   );
   INSERT INTO bellwire_runs (idempotency_key, event_id, position, environment, source, message_id, trigger_key, workflow, action, request,
     received_at, status, attempts, fence, owner, leased_until, first_claimed_at, next_attempt_at, workflow_run_id, error, waiting_for,
     held_until, hold_then, duration_ms, parent, progress, attempts_before_retry)
   SELECT idempotency_key, event_id, position, environment, source, message_id, trigger_key, workflow, action, request,
     received_at, status, attempts, fence, owner, leased_until, first_claimed_at, next_attempt_at, workflow_run_id, error, waiting_for,
     held_until, hold_then, duration_ms, parent, progress, attempts_before_retry
   FROM bellwire_runs_by_key ORDER BY event_id, position;
   DROP TABLE bellwire_runs_by_key;
   CREATE INDEX bellwire_runs_key ON bellwire_runs (idempotency_key) WHERE status <> 'triggered';
   CREATE INDEX bellwire_runs_due ON bellwire_runs (environment, source, next_attempt_at) WHERE status = 'pending';
   CREATE INDEX bellwire_runs_received ON bellwire_runs (environment, received_at);
   CREATE INDEX bellwire_runs_waiting ON bellwire_runs (environment, waiting_for) WHERE waiting_for IS NOT NULL;
   CREATE INDEX bellwire_runs_held ON bellwire_runs (environment, source, held_until) WHERE status = 'held';
   CREATE INDEX bellwire_runs_attention ON bellwire_runs (environment, status, received_at) WHERE status NOT IN ('pending', 'triggered');`,
];

const bookkeeping = "CREATE TABLE IF NOT EXISTS bellwire_migrations (version INTEGER PRIMARY KEY)";

/** Each version in a transaction of its own, under the write lock: killed half-way or run by two at once, it is whole or not there. */
export function migrateSqlite(database: SqliteDatabase): void {
  database.exec(bookkeeping);
  const session = createSession(database);
  for (const [index, sql] of migrations.entries()) {
    session.transaction(() => {
      const done = session.all("SELECT version FROM bellwire_migrations WHERE version = ?", index + 1);
      if (done.length === 0) database.exec(`${sql} INSERT INTO bellwire_migrations (version) VALUES (${index + 1});`);
    });
  }
}

/** All of it as SQL, for teams that run their own migrations; or up to an earlier version. */
export function sqliteMigrationSql(through: number = migrations.length): string {
  const versions = migrations
    .slice(0, through)
    .map((sql, index) => `${sql}\nINSERT INTO bellwire_migrations (version) VALUES (${index + 1});`);
  return [`${bookkeeping};`, ...versions].join("\n");
}
