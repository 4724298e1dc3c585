import { numberOf } from "../stored-row.js";
import type { SqliteSession } from "./sqlite-database.js";

export function markDeleted(session: SqliteSession, environment: string, hash: string, at: number): void {
  session.run(
    `INSERT INTO bellwire_deleted_users (environment, hash, deleted_at) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET deleted_at = max(deleted_at, excluded.deleted_at)`,
    environment,
    hash,
    at,
  );
}

/** Whether anybody was deleted, so that names have to be looked up. */
export function mayForget(session: SqliteSession, environment: string): boolean {
  return (
    session.all("SELECT 1 AS deleted FROM bellwire_deleted_users WHERE environment = ? LIMIT 1", environment).length > 0
  );
}

/** Whether what happened at this time is forgotten. */
export function isForgotten(session: SqliteSession, environment: string, hash: string, at: number): boolean {
  const deletedAt = lastDeletion(session, environment, hash);
  return deletedAt !== null && at <= deletedAt;
}

export function lastDeletion(session: SqliteSession, environment: string, hash: string): number | null {
  const [row] = session.all(
    "SELECT deleted_at FROM bellwire_deleted_users WHERE environment = ? AND hash = ?",
    environment,
    hash,
  );
  return row === undefined ? null : numberOf(row, "deleted_at");
}
