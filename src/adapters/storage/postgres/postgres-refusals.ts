import type { NewEvent, RecordResult } from "../../../storage/storage.js";
import { userHash } from "../deleted-hash.js";
import { type Row, textOf, textOrNull } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";

/**
 * Those of the ids that are no user's, or have become another id of a user. A function, so that the plan is along the keys whatever the
 * tables hold at the moment it is made: a prepared statement that was planned while they were small would read them whole later on.
 */
export const unknownUsersFunctionSql = `CREATE FUNCTION bellwire.unknown_users(of_environment text, of_ids text[])
   RETURNS TABLE (unknown_id text) LANGUAGE plpgsql STABLE
   SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $unknown$ BEGIN
     RETURN QUERY SELECT i.id FROM unnest(of_ids) AS i(id)
       LEFT JOIN LATERAL (SELECT true AS is_there FROM bellwire.users u
         WHERE u.environment = of_environment AND u.id = i.id LIMIT 1) u ON true
       LEFT JOIN LATERAL (SELECT true AS is_there FROM bellwire.merged_users m
         WHERE m.environment = of_environment AND m.id = i.id LIMIT 1) m ON true
       WHERE u.is_there IS NULL OR m.is_there;
   END $unknown$;`;

/**
 * The reasons to refuse events, one in a row. A function, since nearly always there are none: then it asks twice along a key and goes
 * through nobody's mentions, where the statement around it would have to set up a join for each. The lock is that of `deletionsOf`.
 */
export const refusedFunctionSql = `CREATE FUNCTION bellwire.refused(
     of_environment text, message_ids text[], hashes text[], occurred bigint[], assumed text[], distinct_assumed text[]
   ) RETURNS TABLE (message_id text, hash text, unknown text) LANGUAGE plpgsql VOLATILE
   SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $refused$
   #variable_conflict use_column
   DECLARE unknown_ids text[];
   BEGIN
     PERFORM pg_advisory_xact_lock_shared(hashtextextended('bellwire deletions ' || of_environment, 0));
     IF EXISTS (SELECT 1 FROM bellwire.deleted_users d WHERE d.environment = of_environment AND d.hash = ANY (hashes)) THEN
       RETURN QUERY SELECT n.message_id, n.hash, NULL::text
         FROM unnest(message_ids, hashes, occurred) AS n(message_id, hash, occurred_at)
         JOIN bellwire.deleted_users d ON d.environment = of_environment AND d.hash = n.hash
         WHERE n.occurred_at <= d.deleted_at;
     END IF;
     IF cardinality(distinct_assumed) > 0 THEN
       unknown_ids := ARRAY(SELECT i.id FROM unnest(distinct_assumed) AS i(id)
         LEFT JOIN LATERAL (SELECT true AS is_there FROM bellwire.users u
           WHERE u.environment = of_environment AND u.id = i.id LIMIT 1) u ON true
         LEFT JOIN LATERAL (SELECT true AS is_there FROM bellwire.merged_users m
           WHERE m.environment = of_environment AND m.id = i.id LIMIT 1) m ON true
         WHERE u.is_there IS NULL OR m.is_there);
       IF cardinality(unknown_ids) > 0 THEN
         RETURN QUERY SELECT n.message_id, NULL::text, n.assumed FROM unnest(message_ids, assumed) AS n(message_id, assumed)
           WHERE n.assumed = ANY (unknown_ids);
       END IF;
     END IF;
   END $refused$;`;

export interface MentioningEvent {
  readonly event: NewEvent;
  readonly messageId: string;
}

interface Mention extends MentioningEvent {
  /** `null` for whom the event does not name. */
  readonly hash: string | null;
  /** The id in stored form, where the event assumes that it is a known user's. */
  readonly assumed: string | null;
}

/** Few people are mentioned by many events: each is hashed, and looked up, once. */
export function mentionsIn(asked: readonly MentioningEvent[], environment: string) {
  const hashes = new Map<string, string>();
  const assumed = new Map<string, string>();
  const mentions: Mention[] = [];
  const assume = (id: string) => {
    const stored = assumed.get(id) ?? toStoredText(id);
    assumed.set(id, stored);
    return stored;
  };
  for (const { event, messageId } of asked) {
    const left = new Set(event.assumesKnown);
    for (const name of event.names ?? []) {
      const hash = hashes.get(name) ?? userHash(environment, name);
      hashes.set(name, hash);
      mentions.push({ event, messageId, hash, assumed: left.delete(name) ? assume(name) : null });
    }
    for (const id of left) mentions.push({ event, messageId, hash: null, assumed: assume(id) });
  }
  return { mentions, assumed: [...assumed.values()] };
}

/** Why an event is refused: what is said of those who were deleted, and stored ids that are not as was assumed. */
export interface Refusal {
  readonly hashes: Set<string>;
  readonly unknown: Set<string>;
}

export function addRefusal(refusals: Map<string, Refusal>, row: Row): void {
  const messageId = textOf(row, "message_id");
  const refusal = refusals.get(messageId) ?? { hashes: new Set(), unknown: new Set() };
  refusals.set(messageId, refusal);
  const [hash, unknown] = [textOrNull(row, "hash"), textOrNull(row, "unknown")];
  if (hash !== null) refusal.hashes.add(hash);
  if (unknown !== null) refusal.unknown.add(unknown);
}

export function toRefusal(
  { names = [], assumesKnown = [] }: NewEvent,
  environment: string,
  refusal: Refusal,
): RecordResult {
  const deleted = names.filter((name) => refusal.hashes.has(userHash(environment, name)));
  const unknown = assumesKnown.filter((id) => refusal.unknown.has(toStoredText(id)));
  return { status: "refused", claimed: [], stored: null, deleted, ...(unknown.length > 0 && { unknown }) };
}
