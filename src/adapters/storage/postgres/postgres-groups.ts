import type { GroupStore, GroupUpdate, UpdateGroupsParams } from "../../../storage/group-store.js";
import { applyGroupChange, type GroupChange, type MembershipChange, toGroup } from "../../../users/group.js";
import { emptyRegisters, type UserRegisters } from "../../../users/user-registers.js";
import { groupHash, userHash } from "../deleted-hash.js";
import { toPage } from "../stored-page.js";
import { decodedOf, numberOf, numberOrNull, type Row, textOrNull } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import type { Query } from "./postgres-client.js";
import { deletionsOf, markDeleted } from "./postgres-deletions.js";

const deletions = deletionsOf("$1", "ARRAY(SELECT hash FROM input UNION ALL SELECT user_hash FROM input)");

/** Of two words about a membership the later stays; at the same time, that of joining. */
const unlessLater = `
ON CONFLICT (environment, group_id, user_id) DO UPDATE SET is_member = excluded.is_member, said_at = excluded.said_at
WHERE (excluded.said_at, excluded.is_member) > (m.said_at, m.is_member)`;

const membersSql = `
WITH input AS (
  SELECT * FROM json_to_recordset($2::text::json)
  AS x(group_id text, user_id text, hash text, user_hash text, is_member boolean, said_at bigint)
), deleted AS MATERIALIZED (SELECT * FROM ${deletions}
), latest AS (
  SELECT DISTINCT ON (group_id, user_id) * FROM input i
  WHERE NOT EXISTS (SELECT 1 FROM deleted d WHERE d.hash IN (i.hash, i.user_hash) AND i.said_at <= d.deleted_at)
  ORDER BY group_id, user_id, said_at DESC, is_member DESC
)
INSERT INTO bellwire.members AS m (environment, group_id, user_id, is_member, said_at)
SELECT $1, group_id, user_id, is_member, said_at FROM latest ${unlessLater}`;

/** Locked in the order in which `expand` locks them. */
const theirGroups =
  "SELECT group_id FROM bellwire.members WHERE environment = $1 AND user_id = $2 ORDER BY group_id FOR UPDATE";

const moveSql = `
WITH theirs AS MATERIALIZED (${theirGroups}
), moved AS (
  DELETE FROM bellwire.members WHERE environment = $1 AND user_id = $2 AND group_id IN (SELECT group_id FROM theirs)
  RETURNING group_id, is_member, said_at
)
INSERT INTO bellwire.members AS m (environment, group_id, user_id, is_member, said_at)
SELECT $1, group_id, $3, is_member, said_at FROM moved ORDER BY group_id ${unlessLater}`;

const eraseSql = `
WITH theirs AS MATERIALIZED (${theirGroups})
DELETE FROM bellwire.members WHERE environment = $1 AND user_id = $2 AND group_id IN (SELECT group_id FROM theirs)
  AND ($3::bigint IS NULL OR said_at <= $3::bigint)`;

export function postgresGroupStore(query: Query): GroupStore {
  return {
    update: (params) => update(query, params),
    async find({ environment, ids }) {
      const drafts = await read(query, environment, ids);
      return [...drafts].flatMap(([id, { registers }]) => (registers === null ? [] : [toGroup(id, registers)]));
    },
    async members({ environment, groupIds, limit, cursor }) {
      const rows = await query(
        `SELECT DISTINCT user_id FROM bellwire.members
         WHERE environment = $1 AND group_id IN (SELECT * FROM json_array_elements_text($2::text::json)) AND is_member
           AND ($3::text IS NULL OR user_id > $3) ORDER BY user_id LIMIT $4::integer`,
        environment,
        JSON.stringify(groupIds.map(toStoredText)),
        cursor === undefined ? null : toStoredText(cursor),
        limit + 1,
      );
      const userIdOf = (row: Row) => decodedOf(row, "user_id");
      return toPage(rows, limit, { toItem: userIdOf, cursorOf: userIdOf });
    },
    async moveMember({ environment, from, into }) {
      if (from !== into) await query(moveSql, environment, toStoredText(from), toStoredText(into));
    },
    async eraseMember({ environment, userId, until }) {
      await query(eraseSql, environment, toStoredText(userId), until?.getTime() ?? null);
    },
    async delete({ environment, id, at }) {
      await markDeleted(query, environment, [groupHash(environment, id)], at.getTime());
      const rows = await query(
        `WITH members AS (DELETE FROM bellwire.members WHERE environment = $1 AND group_id = $2)
         DELETE FROM bellwire.groups WHERE environment = $1 AND id = $2 RETURNING 1 AS deleted`,
        environment,
        toStoredText(id),
      );
      return rows.length > 0;
    },
  };
}

interface Draft {
  registers: UserRegisters | null;
  readonly version: number;
  readonly deletedAt: number | null;
  isChanged: boolean;
}

/** Reads, applies the changes, and writes what nobody else changed in between; the rest is read and done again. */
async function update(
  query: Query,
  { environment, changes, memberships }: UpdateGroupsParams,
): Promise<readonly GroupUpdate[]> {
  const results: GroupUpdate[] = changes.map(({ id }) => ({ id, status: "unchanged" }));
  let open = new Set(changes.map(({ id }) => id));
  while (open.size > 0) {
    const drafts = await read(query, environment, [...open]);
    for (const [index, change] of changes.entries()) {
      const draft = open.has(change.id) ? drafts.get(change.id) : undefined;
      if (draft !== undefined) results[index] = apply(draft, change);
    }
    const changed = [...drafts].filter(([, draft]) => draft.isChanged);
    const written = await write(query, environment, changed);
    open = new Set(changed.flatMap(([id]) => (written.has(id) ? [] : [id])));
  }
  if (memberships.length > 0) await query(membersSql, environment, membersInput(environment, memberships));
  return results;
}

function apply(draft: Draft, change: GroupChange): GroupUpdate {
  const { id, at } = change;
  if (draft.deletedAt !== null && at.getTime() <= draft.deletedAt) return { id, status: "deleted" };
  const updated = applyGroupChange(draft.registers ?? emptyRegisters, change);
  if (updated === draft.registers) return { id, status: "unchanged" };
  const status = draft.registers === null ? "created" : "updated";
  draft.registers = updated;
  draft.isChanged = true;
  return { id, status };
}

function membersInput(environment: string, memberships: readonly MembershipChange[]): string {
  const input = memberships.map(({ groupId, userId, isMember, at }) => ({
    group_id: toStoredText(groupId),
    user_id: toStoredText(userId),
    hash: groupHash(environment, groupId),
    user_hash: userHash(environment, userId),
    is_member: isMember,
    said_at: at.getTime(),
  }));
  return JSON.stringify(input);
}

async function read(query: Query, environment: string, ids: readonly string[]): Promise<ReadonlyMap<string, Draft>> {
  if (ids.length === 0) return new Map();
  const input = [...new Set(ids)].map((id) => ({ id: toStoredText(id), hash: groupHash(environment, id) }));
  const rows = await query(
    `SELECT i.id, g.registers, g.version, d.deleted_at FROM json_to_recordset($2::text::json) AS i(id text, hash text)
     LEFT JOIN bellwire.groups g ON g.environment = $1 AND g.id = i.id
     LEFT JOIN bellwire.deleted_users d ON d.environment = $1 AND d.hash = i.hash`,
    environment,
    JSON.stringify(input),
  );
  return new Map(
    rows.map((row) => {
      const registers = textOrNull(row, "registers");
      const draft: Draft = {
        registers: registers === null ? null : JSON.parse(registers),
        version: registers === null ? 0 : numberOf(row, "version"),
        deletedAt: numberOrNull(row, "deleted_at"),
        isChanged: false,
      };
      return [decodedOf(row, "id"), draft];
    }),
  );
}

/** @returns the ids that were written: those whose version was still the one that was read */
async function write(
  query: Query,
  environment: string,
  drafts: readonly (readonly [id: string, draft: Draft])[],
): Promise<ReadonlySet<string>> {
  if (drafts.length === 0) return new Set();
  const input = drafts.map(([id, { registers, version }]) => ({
    id: toStoredText(id),
    registers: JSON.stringify(registers),
    version,
  }));
  const rows = await query(
    `WITH input AS (SELECT * FROM json_to_recordset($2::text::json) AS x(id text, registers text, version bigint) ORDER BY id
     ), locked AS (
       SELECT g.id FROM bellwire.groups g JOIN input i ON g.environment = $1 AND g.id = i.id ORDER BY g.id FOR UPDATE OF g
     ), updated AS (
       UPDATE bellwire.groups g SET registers = i.registers, version = g.version + 1 FROM input i JOIN locked USING (id)
       WHERE g.environment = $1 AND g.id = i.id AND g.version = i.version RETURNING g.id
     ), inserted AS (
       INSERT INTO bellwire.groups (environment, id, registers, version)
       SELECT $1, id, registers, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM input WHERE version = 0
       ON CONFLICT DO NOTHING RETURNING id
     ) SELECT id FROM updated UNION ALL SELECT id FROM inserted`,
    environment,
    JSON.stringify(input),
  );
  return new Set(rows.map((row) => decodedOf(row, "id")));
}
