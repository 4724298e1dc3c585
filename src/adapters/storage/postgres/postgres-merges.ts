/**
 * Redirects among ids (a `text[]` expression), as of when the lock was got: from then until the transaction ends no other id is merged.
 * The lock on deletions is taken before the one on merges, here as everywhere.
 */
export const redirectsOf = (environment: string, ids: string) => `bellwire.redirects(${environment}, ${ids})`;

export const redirectsFunctionSql = `CREATE FUNCTION bellwire.redirects(of_environment text, of_ids text[]) RETURNS TABLE (id text)
   LANGUAGE plpgsql VOLATILE AS $redirects$ BEGIN
     IF cardinality(of_ids) = 0 THEN RETURN; END IF;
     PERFORM pg_advisory_xact_lock_shared(hashtextextended('bellwire deletions ' || of_environment, 0));
     PERFORM pg_advisory_xact_lock_shared(hashtextextended('bellwire merges ' || of_environment, 0));
     RETURN QUERY SELECT m.id FROM bellwire.merged_users m WHERE m.environment = of_environment AND m.id = ANY (of_ids);
   END $redirects$;`;

/** Both as they were read, or nothing is done: whoever is there was created, changed or merged meanwhile. */
const isAsRead = (id: string, version: string) =>
  `coalesce((SELECT u.version FROM bellwire.users u WHERE u.environment = of_environment AND u.id = ${id}), 0) = ${version}`;

/**
 * While it is at work nobody is created and nobody else is merged, so that a merge is one step: no user is created under an id that is
 * being merged away, and no id is redirected to one that is redirected itself.
 */
export const mergeFunctionSql = `CREATE FUNCTION bellwire.merge_users(of_environment text, of_id text, of_version bigint, into_id text,
     into_version bigint, of_hashes text[], said_at bigint, into_registers text, into_email text) RETURNS text
   LANGUAGE plpgsql VOLATILE AS $merge$ BEGIN
     IF said_at IS NOT NULL AND EXISTS (SELECT 1 FROM bellwire.deletions(of_environment, of_hashes) d WHERE said_at <= d.deleted_at)
     THEN RETURN 'deleted'; END IF;
     PERFORM pg_advisory_xact_lock(hashtextextended('bellwire merges ' || of_environment, 0));
     IF EXISTS (SELECT 1 FROM bellwire.merged_users m WHERE m.environment = of_environment AND m.id IN (of_id, into_id))
     THEN RETURN 'changed'; END IF;
     PERFORM 1 FROM bellwire.users u WHERE u.environment = of_environment AND u.id IN (of_id, into_id) ORDER BY u.id FOR UPDATE;
     IF NOT (${isAsRead("of_id", "of_version")} AND ${isAsRead("into_id", "into_version")}) THEN RETURN 'changed'; END IF;
     IF of_version > 0 THEN
       INSERT INTO bellwire.users AS u (environment, id, registers, email, version)
       VALUES (of_environment, into_id, into_registers, into_email, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
       ON CONFLICT (environment, id) DO UPDATE SET registers = excluded.registers, email = excluded.email, version = u.version + 1;
       DELETE FROM bellwire.users u WHERE u.environment = of_environment AND u.id = of_id;
     END IF;
     UPDATE bellwire.merged_users m SET merged_into = into_id WHERE m.environment = of_environment AND m.merged_into = of_id;
     INSERT INTO bellwire.merged_users (environment, id, merged_into) VALUES (of_environment, of_id, into_id);
     RETURN 'merged';
   END $merge$;`;

/**
 * Takes a user out, or leaves what was said later, with the ids that are known to have been theirs; unless the user has changed, or
 * has more ids by now.
 */
export const deleteFunctionSql = `CREATE FUNCTION bellwire.delete_user(of_environment text, of_id text, of_version bigint, of_ids text[],
     left_registers text, left_email text) RETURNS boolean
   LANGUAGE plpgsql VOLATILE AS $delete$ BEGIN
     PERFORM pg_advisory_xact_lock(hashtextextended('bellwire merges ' || of_environment, 0));
     PERFORM 1 FROM bellwire.users u WHERE u.environment = of_environment AND u.id = of_id FOR UPDATE;
     IF NOT ${isAsRead("of_id", "of_version")}
       OR EXISTS (SELECT 1 FROM bellwire.merged_users m WHERE m.environment = of_environment AND m.id = of_id)
       OR EXISTS (SELECT 1 FROM bellwire.merged_users m WHERE m.environment = of_environment AND m.merged_into = of_id AND m.id <> ALL (of_ids))
     THEN RETURN false; END IF;
     IF left_registers IS NOT NULL THEN
       UPDATE bellwire.users u SET registers = left_registers, email = left_email, version = u.version + 1
       WHERE u.environment = of_environment AND u.id = of_id;
     ELSE
       DELETE FROM bellwire.users u WHERE u.environment = of_environment AND u.id = of_id;
       DELETE FROM bellwire.merged_users m WHERE m.environment = of_environment AND m.merged_into = of_id;
     END IF;
     RETURN true;
   END $delete$;`;
