import type { UserStore, UserUpdate } from "../../../storage/user-store.js";
import type { UserChange } from "../../../users/user.js";
import {
  applyUserChange,
  emptyRegisters,
  firstRegisters,
  mergeRegisters,
  toUser,
  toUserHistory,
} from "../../../users/user-registers.js";
import { decodedOf } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import { type Query, toArray } from "./postgres-client.js";
import { deleteUser, markUserDeleted } from "./postgres-delete-user.js";
import { mergeUsers } from "./postgres-merge-users.js";
import { listUsers } from "./postgres-user-list.js";
import { type AskedUser, readUsers, writeUsers } from "./postgres-user-rows.js";
import { linkVisitors, saidByUsers, updateVisitors, type VisitorLink } from "./postgres-visitors.js";

export function postgresUserStore(query: Query): Required<UserStore> {
  return {
    update: ({ environment, changes }) => update(query, environment, changes),
    async find({ environment, ids }) {
      const drafts = new Set([...(await readUsers(query, environment, ids)).values()].map(({ draft }) => draft));
      const known = [...drafts].flatMap(({ id, registers }) => (registers === null ? [] : [{ id, registers }]));
      const said = await saidByUsers(
        query,
        environment,
        known.map(({ id }) => id),
      );
      return known.map(({ id, registers }) => toUser(id, mergeRegisters(registers, said.get(id) ?? emptyRegisters)));
    },
    async known({ environment, ids }) {
      if (ids.length === 0) return new Map();
      const rows = await query.prepared(knownSql, environment, toArray(ids.map(toStoredText)));
      return new Map(rows.map((row) => [decodedOf(row, "id"), decodedOf(row, "current")]));
    },
    merge: (params) => mergeUsers(query, params),
    list: (params) => listUsers(query, params),
    async history({ environment, id }) {
      const draft = (await readUsers(query, environment, [id])).get(id)?.draft;
      if (draft === undefined || draft.registers === null) return null;
      const said = await saidByUsers(query, environment, [draft.id]);
      return toUserHistory(mergeRegisters(draft.registers, said.get(draft.id) ?? emptyRegisters));
    },
    markDeleted: (params) => markUserDeleted(query, params),
    delete: (params) => deleteUser(query, params),
    updateVisitors: ({ environment, changes }) => updateVisitors(query, environment, changes),
  };
}

/** `LIMIT` makes of each look-up one along the index, whatever the planner thinks of how many there are. */
const knownSql = `
SELECT i.id, u.id AS current FROM unnest($2::text[]) AS i(id)
LEFT JOIN LATERAL (
  SELECT m.merged_into FROM bellwire.merged_users m WHERE m.environment = $1 AND m.id = i.id LIMIT 1) m ON true
CROSS JOIN LATERAL (
  SELECT u.id FROM bellwire.users u WHERE u.environment = $1 AND u.id = coalesce(m.merged_into, i.id) LIMIT 1) u`;

/** Reads, applies the changes, and writes what nobody else changed in between; the rest is read and done again. */
async function update(
  query: Query,
  environment: string,
  changes: readonly UserChange[],
): Promise<readonly UserUpdate[]> {
  const results: UserUpdate[] = changes.map(({ id }) => ({ id, status: "unchanged" }));
  let open = new Set(changes.map((change) => change.id));
  while (open.size > 0) {
    const all = await readUsers(query, environment, [...open]);
    for (const [index, change] of changes.entries()) {
      const asked = open.has(change.id) ? all.get(change.id) : undefined;
      if (asked !== undefined) results[index] = apply(asked, change);
    }
    const changed = new Set([...all.values()].flatMap(({ draft }) => (draft.isChanged ? [draft] : [])));
    const written = await writeUsers(query, environment, [...changed]);
    open = new Set([...all].flatMap(([id, { draft }]) => (draft.isChanged && !written.has(draft.id) ? [id] : [])));
  }
  const links = toLinks(changes, results);
  const given = links.filter((link) => link !== null);
  const folded = await linkVisitors(query, environment, given);
  return results.map((result, index) => {
    const link = links[index] ?? null;
    const hasSaid = link !== null && folded.has(link);
    return hasSaid && result.status === "unchanged" ? { ...result, status: "updated" } : result;
  });
}

/** Of each change what it ties to its user. */
function toLinks(changes: readonly UserChange[], results: readonly UserUpdate[]): readonly (VisitorLink | null)[] {
  return changes.map(({ id, anonymousId, at }, index) => {
    const result = results[index];
    if (anonymousId === undefined || result === undefined || result.status === "deleted") return null;
    return { anonymousId, userId: result.id, toldOf: id, at: at.getTime() };
  });
}

function apply({ draft, deletedAt }: AskedUser, change: UserChange): UserUpdate {
  const at = change.at.getTime();
  if (deletedAt !== null && at <= deletedAt) return { id: change.id, status: "deleted" };
  const { id } = draft;
  const updated = applyUserChange(draft.registers ?? firstRegisters(at, deletedAt), change);
  if (updated === draft.registers) return { id, status: "unchanged" };
  const status = draft.registers === null ? "created" : "updated";
  draft.registers = updated;
  draft.isChanged = true;
  draft.since.set(change.id, Math.min(draft.since.get(change.id) ?? at, at));
  return { id, status };
}
