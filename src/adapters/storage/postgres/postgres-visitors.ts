import type { VisitorUpdate } from "../../../storage/user-store.js";
import type { VisitorChange } from "../../../users/user.js";
import { emptyRegisters, mergeRegisters, type UserRegisters } from "../../../users/user-registers.js";
import { applyStatement, isLate, linkVisitor, saidBy, unknownVisitor, type Visitor } from "../../../users/visitor.js";
import { userHash } from "../deleted-hash.js";
import { decodedOf, decodedOrNull, numberOf, numberOrNull, textOf, textOrNull } from "../stored-row.js";
import { toStoredText, toStoredTextOrNull } from "../stored-text.js";
import { toVisitor } from "../stored-visitor.js";
import { nowMs, type Query } from "./postgres-client.js";
import { deletionsOf } from "./postgres-deletions.js";

/** That a user signed in under an anonymous id. */
export interface VisitorLink {
  readonly anonymousId: string;
  readonly userId: string;
  /** The id that the user was told of by, which may be another one. */
  readonly toldOf: string;
  readonly at: number;
}

interface Draft {
  visitor: Visitor;
  /** The id that the visitor's user has now. */
  currentId: string | null;
  readonly version: number;
  readonly deletedAt: number | null;
  isChanged: boolean;
  since: number;
  /** Who must not have been deleted since it was linked. */
  toldOf: string;
}

type Change<Result> = readonly [anonymousId: string, at: number, change: (draft: Draft) => Result];

export function updateVisitors(
  query: Query,
  environment: string,
  changes: readonly VisitorChange[],
): Promise<readonly VisitorUpdate[]> {
  const steps = changes.map((change): Change<VisitorUpdate> => {
    const at = change.at.getTime();
    const say = (draft: Draft): VisitorUpdate => {
      if (draft.deletedAt !== null && at <= draft.deletedAt) return { status: "deleted", userId: null };
      if (isLate(draft.visitor, at)) return { status: "late", userId: null };
      put(draft, applyStatement(draft.visitor, change), at);
      return { status: draft.currentId === null ? "kept" : "folded", userId: draft.currentId };
    };
    return [change.anonymousId, at, say];
  });
  return changeAll(query, environment, steps);
}

/** @returns those by which their user has something that was not theirs before */
export async function linkVisitors(
  query: Query,
  environment: string,
  links: readonly VisitorLink[],
): Promise<ReadonlySet<VisitorLink>> {
  const steps = links.map(({ anonymousId, userId, toldOf, at }): Change<boolean> => {
    const link = (draft: Draft): boolean => {
      if (draft.deletedAt !== null && at <= draft.deletedAt) return false;
      const { visitor: known, currentId: before } = draft;
      put(draft, linkVisitor(known, userId, at), at);
      if (draft.visitor === known) return false;
      draft.toldOf = toldOf;
      if (draft.visitor.userId === userId) draft.currentId = userId;
      return draft.visitor.said.length > 0 && before !== userId;
    };
    return [anonymousId, at, link];
  });
  const hasSaid = await changeAll(query, environment, steps);
  return new Set(links.filter((_, index) => hasSaid[index]));
}

function put(draft: Draft, visitor: Visitor, at: number): void {
  if (visitor === draft.visitor) return;
  draft.visitor = visitor;
  draft.isChanged = true;
  draft.since = Math.min(draft.since, at);
}

/** Reads, applies the changes, and writes what nobody else changed in between; the rest is read and done again. */
async function changeAll<Result>(
  query: Query,
  environment: string,
  changes: readonly Change<Result>[],
): Promise<readonly Result[]> {
  const results = new Map<number, Result>();
  let open = new Set(changes.map(([id]) => id));
  while (open.size > 0) {
    const drafts = await read(query, environment, [...open]);
    for (const [index, [id, , change]] of changes.entries()) {
      const draft = open.has(id) ? drafts.get(id) : undefined;
      if (draft !== undefined) results.set(index, change(draft));
    }
    const changed = [...drafts].filter(([, draft]) => draft.isChanged);
    const written = await write(query, environment, changed);
    open = new Set(changed.flatMap(([id]) => (written.has(id) ? [] : [id])));
  }
  return changes.flatMap((_, index) => results.get(index) ?? []);
}

async function read(query: Query, environment: string, ids: readonly string[]): Promise<ReadonlyMap<string, Draft>> {
  const input = ids.map((id) => ({ id: toStoredText(id), hash: userHash(environment, id) }));
  const rows = await query(
    `SELECT i.id AS asked, a.*, coalesce(m.merged_into, a.user_id) AS current_id, d.deleted_at FROM json_to_recordset($2::text::json) AS i(id text, hash text)
     LEFT JOIN bellwire.anonymous a ON a.environment = $1 AND a.id = i.id
     LEFT JOIN bellwire.merged_users m ON m.environment = $1 AND m.id = a.user_id
     LEFT JOIN bellwire.deleted_users d ON d.environment = $1 AND d.hash = i.hash`,
    environment,
    JSON.stringify(input),
  );
  return new Map(
    rows.map((row) => {
      const isKnown = textOrNull(row, "said") !== null;
      const draft: Draft = {
        visitor: isKnown ? toVisitor(row) : unknownVisitor,
        currentId: decodedOrNull(row, "current_id"),
        version: isKnown ? numberOf(row, "version") : 0,
        deletedAt: numberOrNull(row, "deleted_at"),
        isChanged: false,
        since: Number.MAX_SAFE_INTEGER,
        toldOf: decodedOrNull(row, "user_id") ?? "",
      };
      return [decodedOf(row, "asked"), draft];
    }),
  );
}

/** A link to a user who is being deleted is not written either: the deletion could not find it any more. */
const writeSql = `
WITH asked AS (
  SELECT * FROM json_to_recordset($2::text::json)
  AS x(id text, hash text, user_hash text, since bigint, said text, user_id text, linked_at bigint, version bigint)
), deleted AS MATERIALIZED (
  SELECT * FROM ${deletionsOf("$1", "ARRAY(SELECT hash FROM asked UNION ALL SELECT user_hash FROM asked)")}
), input AS (
  SELECT * FROM asked a WHERE NOT EXISTS (SELECT 1 FROM deleted d WHERE d.hash = a.hash AND a.since <= d.deleted_at)
    AND NOT EXISTS (SELECT 1 FROM deleted d WHERE d.hash = a.user_hash AND a.linked_at <= d.deleted_at) ORDER BY id
), locked AS (
  SELECT a.id FROM bellwire.anonymous a JOIN input i ON a.environment = $1 AND a.id = i.id ORDER BY a.id FOR UPDATE OF a
), updated AS (
  UPDATE bellwire.anonymous a SET said = i.said, user_id = i.user_id, linked_at = i.linked_at, seen_at = ${nowMs},
    version = a.version + 1
  FROM input i JOIN locked USING (id) WHERE a.environment = $1 AND a.id = i.id AND a.version = i.version RETURNING a.id
), inserted AS (
  INSERT INTO bellwire.anonymous (environment, id, said, user_id, linked_at, seen_at, version)
  SELECT $1, id, said, user_id, linked_at, ${nowMs}, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
  FROM input WHERE version = 0 ON CONFLICT DO NOTHING RETURNING id
)
SELECT id FROM updated UNION ALL SELECT id FROM inserted
UNION ALL SELECT id FROM asked a WHERE EXISTS (SELECT 1 FROM deleted d WHERE d.hash = a.user_hash AND a.linked_at <= d.deleted_at)`;

/** @returns the ids that are done with */
async function write(
  query: Query,
  environment: string,
  drafts: readonly (readonly [anonymousId: string, draft: Draft])[],
): Promise<ReadonlySet<string>> {
  if (drafts.length === 0) return new Set();
  const input = drafts.map(([id, { visitor, version, since, toldOf }]) => ({
    id: toStoredText(id),
    hash: userHash(environment, id),
    user_hash: userHash(environment, toldOf),
    since,
    said: JSON.stringify(visitor.said),
    user_id: toStoredTextOrNull(visitor.userId),
    linked_at: visitor.linkedAt,
    version,
  }));
  const rows = await query(writeSql, environment, JSON.stringify(input));
  return new Set(rows.map((row) => decodedOf(row, "id")));
}

/** What was said under the anonymous ids of users, and of those who were merged into them; by user. */
export async function saidByUsers(
  query: Query,
  environment: string,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, UserRegisters>> {
  const said = new Map<string, UserRegisters>();
  if (userIds.length === 0) return said;
  const rows = await query(
    `WITH asked AS (SELECT * FROM json_array_elements_text($2::text::json) AS x(id)
     ), ids AS (
       SELECT id AS current, id FROM asked UNION ALL
       SELECT m.merged_into, m.id FROM bellwire.merged_users m JOIN asked ON m.environment = $1 AND m.merged_into = asked.id
     )
     SELECT ids.current, a.said FROM ids JOIN bellwire.anonymous a ON a.environment = $1 AND a.user_id = ids.id WHERE a.said <> '[]'`,
    environment,
    JSON.stringify(userIds.map(toStoredText)),
  );
  for (const row of rows) {
    const id = decodedOf(row, "current");
    const more = saidBy({ said: JSON.parse(textOf(row, "said")) });
    said.set(id, mergeRegisters(said.get(id) ?? emptyRegisters, more));
  }
  return said;
}

export interface VisitorsOfUser {
  readonly userIds: readonly string[];
  /** Only those who were tied to the user, or last heard, by then; `null`: all. */
  readonly until: number | null;
}

const lastAt = "coalesce(linked_at, (said::json->0->>0)::bigint, 0)";

const asked = "(SELECT * FROM json_array_elements_text($2::text::json))";

const isTheirs = `environment = $1 AND (id IN ${asked} OR user_id IN ${asked}) AND ($3::bigint IS NULL OR ${lastAt} <= $3::bigint)`;

/** @returns the anonymous ids that are theirs */
export async function visitorsOf(
  query: Query,
  environment: string,
  { userIds, until }: VisitorsOfUser,
): Promise<readonly string[]> {
  const stored = JSON.stringify(userIds.map(toStoredText));
  const rows = await query(`SELECT id FROM bellwire.anonymous WHERE ${isTheirs}`, environment, stored, until);
  return rows.map((row) => decodedOf(row, "id"));
}

export async function eraseVisitors(
  query: Query,
  environment: string,
  { userIds, until }: VisitorsOfUser,
): Promise<void> {
  const stored = JSON.stringify(userIds.map(toStoredText));
  await query(`DELETE FROM bellwire.anonymous WHERE ${isTheirs}`, environment, stored, until);
}
