import type { NewEvent, RecordResult } from "../../../storage/storage.js";
import { userHash } from "../deleted-hash.js";
import { type Row, textOf, textOrNull } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import { deletionsOf } from "./postgres-deletions.js";

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
 * The reasons to refuse events, one in a row: `mentions` is an `unnest` of message_id, hash, occurred_at and assumed. Nearly always all
 * that is assumed is so, and nobody's mentions are gone through for it.
 */
export const refusedSql = ({ environment, mentions, hashes, assumed }: RefusedParameters) => `
unknown AS MATERIALIZED (
  SELECT unknown_id FROM bellwire.unknown_users(${environment}, ${assumed}) WHERE cardinality(${assumed}) > 0
), refused AS MATERIALIZED (
  SELECT n.message_id, n.hash, NULL AS unknown FROM ${mentions} AS n(message_id, hash, occurred_at, assumed)
  JOIN ${deletionsOf(environment, hashes)} d USING (hash) WHERE n.occurred_at <= d.deleted_at
  UNION ALL
  SELECT n.message_id, NULL, n.assumed FROM ${mentions} AS n(message_id, hash, occurred_at, assumed)
  WHERE EXISTS (SELECT 1 FROM unknown) AND (n.assumed IN (SELECT unknown_id FROM unknown)) IS TRUE
)`;

interface RefusedParameters {
  readonly environment: string;
  readonly mentions: string;
  readonly hashes: string;
  readonly assumed: string;
}

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
