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

/** Part of released migrations, as what uses it is: not to be changed. */
const unknownAmong = (ids: string) => `(SELECT i.id FROM unnest(${ids}) AS i(id)
         LEFT JOIN LATERAL (SELECT true AS is_there FROM bellwire.users u
           WHERE u.environment = of_environment AND u.id = i.id LIMIT 1) u ON true
         LEFT JOIN LATERAL (SELECT true AS is_there FROM bellwire.merged_users m
           WHERE m.environment = of_environment AND m.id = i.id LIMIT 1) m ON true
         WHERE u.is_there IS NULL OR m.is_there)`;

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
       unknown_ids := ARRAY${unknownAmong("distinct_assumed")};
       IF cardinality(unknown_ids) > 0 THEN
         RETURN QUERY SELECT n.message_id, NULL::text, n.assumed FROM unnest(message_ids, assumed) AS n(message_id, assumed)
           WHERE n.assumed = ANY (unknown_ids);
       END IF;
     END IF;
   END $refused$;`;

/**
 * The same of people who are told once each, however many events mention them; `of_events`, `of_hashes` and `of_ids` say by number,
 * from 1, which event mentions whom. Looked at only where there is somebody to refuse an event for.
 */
export const refusedByNumbersFunctionSql = `CREATE FUNCTION bellwire.refused(
     of_environment text, message_ids text[], occurred bigint[], hashes text[], ids text[], of_events integer[], of_hashes integer[],
     of_ids integer[]
   ) RETURNS TABLE (message_id text, hash text, unknown text) LANGUAGE plpgsql VOLATILE
   SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $refused$
   #variable_conflict use_column
   DECLARE unknown_ids text[];
   BEGIN
     PERFORM pg_advisory_xact_lock_shared(hashtextextended('bellwire deletions ' || of_environment, 0));
     IF EXISTS (SELECT 1 FROM bellwire.deleted_users d WHERE d.environment = of_environment AND d.hash = ANY (hashes)) THEN
       RETURN QUERY SELECT e.message_id, h.hash, NULL::text
         FROM unnest(of_events, of_hashes) AS m(event, hash)
         JOIN unnest(message_ids, occurred) WITH ORDINALITY AS e(message_id, occurred_at, number) ON e.number = m.event
         JOIN unnest(hashes) WITH ORDINALITY AS h(hash, number) ON h.number = m.hash
         JOIN bellwire.deleted_users d ON d.environment = of_environment AND d.hash = h.hash
         WHERE e.occurred_at <= d.deleted_at;
     END IF;
     IF cardinality(ids) > 0 THEN
       unknown_ids := ARRAY${unknownAmong("ids")};
       IF cardinality(unknown_ids) > 0 THEN
         RETURN QUERY SELECT e.message_id, NULL::text, i.id
           FROM unnest(of_events, of_ids) AS m(event, id)
           JOIN unnest(message_ids) WITH ORDINALITY AS e(message_id, number) ON e.number = m.event
           JOIN unnest(ids) WITH ORDINALITY AS i(id, number) ON i.number = m.id
           WHERE i.id = ANY (unknown_ids);
       END IF;
     END IF;
   END $refused$;`;

interface Mention {
  /** Which of the events it is in, from 1. */
  readonly event: number;
  /** Which of the hashes; `null` for whom the event does not name. */
  readonly hash: number | null;
  /** Which of the ids, where the event assumes that it is a known user's. */
  readonly id: number | null;
}

/** Whom events mention: each person once, as few people are mentioned by many events. */
export function mentionsIn(events: readonly NewEvent[], environment: string) {
  const hashes = new Numbered((name) => userHash(environment, name));
  const ids = new Numbered(toStoredText);
  const mentions: Mention[] = [];
  for (const [index, { names = [], assumesKnown = [] }] of events.entries()) {
    const event = index + 1;
    const left = new Set(assumesKnown);
    for (const name of names)
      mentions.push({ event, hash: hashes.numberOf(name), id: left.delete(name) ? ids.numberOf(name) : null });
    for (const id of left) mentions.push({ event, hash: null, id: ids.numberOf(id) });
  }
  return { hashes: hashes.values, ids: ids.values, mentions };
}

/** Numbers from 1, in the order of first mention. */
class Numbered {
  readonly values: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #toValue: (key: string) => string;

  constructor(toValue: (key: string) => string) {
    this.#toValue = toValue;
  }

  numberOf(key: string): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.values.push(this.#toValue(key));
    this.#numbers.set(key, number);
    return number;
  }
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
