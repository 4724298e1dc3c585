import type { Query } from "./postgres-client.js";

/**
 * Deletions among hashes (a `text[]` expression), as of when the lock was got, not of when the statement began: from then until the
 * transaction ends `markDeleted` waits, so what is written in between is either seen by who deletes, or refused.
 */
export const deletionsOf = (environment: string, hashes: string) => `bellwire.deletions(${environment}, ${hashes})`;

/** Keeps the hashes, and returns when everything is committed that was written without knowledge of them. */
export async function markDeleted(
  query: Query,
  environment: string,
  hashes: readonly string[],
  at: number,
): Promise<void> {
  await query(
    `INSERT INTO bellwire.deleted_users AS d (environment, hash, deleted_at)
     SELECT $1, i.hash, $3::bigint FROM json_array_elements_text($2::text::json) AS i(hash) GROUP BY i.hash ORDER BY i.hash
     ON CONFLICT (environment, hash) DO UPDATE SET deleted_at = greatest(d.deleted_at, excluded.deleted_at)`,
    environment,
    JSON.stringify(hashes),
    at,
  );
  await query("SELECT pg_advisory_xact_lock(hashtextextended('bellwire deletions ' || $1::text, 0))", environment);
}
