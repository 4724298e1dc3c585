import type { UserStore, UserUpdate } from "../../../storage/user-store.js";
import type { UserChange } from "../../../users/user.js";
import {
  applyUserChange,
  emptyRegisters,
  mergeRegisters,
  toUser,
  toUserHistory,
  type UserRegisters,
} from "../../../users/user-registers.js";
import { userHash } from "../deleted-hash.js";
import { storedEmailOf } from "../stored-email.js";
import { decodedOf, numberOf, numberOrNull, type Row, textOrNull } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import { type Query, toArray } from "./postgres-client.js";
import { deletionsOf, markDeleted } from "./postgres-deletions.js";
import { listUsers } from "./postgres-user-list.js";
import { eraseVisitors, linkVisitors, saidByUsers, updateVisitors, type VisitorLink } from "./postgres-visitors.js";

/** A user as read, and as it is to be written when nobody wrote in between. */
interface Draft {
  /** The id that the user has now. */
  readonly id: string;
  registers: UserRegisters | null;
  readonly version: number;
  isChanged: boolean;
  /** By the ids that were told of, the time of the earliest change: nothing of before a deletion may be written after it. */
  readonly since: Map<string, number>;
}

/** One of the ids that were asked for. */
interface Asked {
  /** Shared by the ids of one user. */
  readonly draft: Draft;
  /** Of this very id: whoever is deleted is so under all ids that they had. */
  readonly deletedAt: number | null;
}

export function postgresUserStore(query: Query): Required<UserStore> {
  return {
    update: ({ environment, changes }) => update(query, environment, changes),
    async find({ environment, ids }) {
      const drafts = new Set([...(await read(query, environment, ids)).values()].map(({ draft }) => draft));
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
    async merge({ environment, from, into }) {
      for (;;) {
        const asked = await read(query, environment, [from, into]);
        const [source, target] = [asked.get(from)?.draft, asked.get(into)?.draft];
        if (source === undefined || target === undefined || source === target) return;
        if (source.registers !== null) {
          target.registers = mergeRegisters(target.registers ?? emptyRegisters, source.registers);
          const written = await write(query, environment, [target]);
          if (!written.has(target.id)) continue;
        }
        if (await redirect(query, environment, source, target.id)) return;
      }
    },
    list: (params) => listUsers(query, params),
    async history({ environment, id }) {
      const draft = (await read(query, environment, [id])).get(id)?.draft;
      if (draft === undefined || draft.registers === null) return null;
      const said = await saidByUsers(query, environment, [draft.id]);
      return toUserHistory(mergeRegisters(draft.registers, said.get(draft.id) ?? emptyRegisters));
    },
    async delete({ environment, id, at }) {
      const now = (await read(query, environment, [id])).get(id)?.draft.id ?? id;
      const rows = await query(mergedIntoSql, environment, toStoredText(now));
      const ids = [now, ...rows.map((row) => decodedOf(row, "id"))];
      const all = [...new Set([id, ...ids])];
      const hashes = (some: readonly string[]) => some.map((each) => userHash(environment, each));
      await markDeleted(query, environment, hashes(all), at.getTime());
      const texts = JSON.stringify(all.map(toStoredText));
      const deleted = await query(deleteSql, environment, texts);
      const visitors = await eraseVisitors(query, environment, all);
      if (visitors.length > 0) await markDeleted(query, environment, hashes(visitors), at.getTime());
      return deleted.length > 0 ? [...new Set([...ids, ...visitors])] : [];
    },
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

const mergedIntoSql = "SELECT id FROM bellwire.merged_users WHERE environment = $1 AND merged_into = $2";

const deleteSql = `
WITH input AS (SELECT * FROM json_array_elements_text($2::text::json) AS x(id)
), unmerged AS (
  DELETE FROM bellwire.merged_users WHERE environment = $1 AND id IN (SELECT id FROM input)
)
DELETE FROM bellwire.users WHERE environment = $1 AND id IN (SELECT id FROM input) RETURNING id`;

/** Makes one id another id of a user, unless somebody changed it meanwhile; then nothing is done. */
async function redirect(query: Query, environment: string, source: Draft, into: string): Promise<boolean> {
  const rows = await query(
    `WITH removed AS (
       DELETE FROM bellwire.users WHERE environment = $1 AND id = $2 AND version = $4::bigint RETURNING id
     ), free AS (
       SELECT 1 WHERE EXISTS (SELECT 1 FROM removed)
         OR NOT EXISTS (SELECT 1 FROM bellwire.users WHERE environment = $1 AND id = $2)
     ), moved AS (
       UPDATE bellwire.merged_users SET merged_into = $3 WHERE environment = $1 AND merged_into = $2 AND EXISTS (SELECT 1 FROM free)
     )
     INSERT INTO bellwire.merged_users (environment, id, merged_into) SELECT $1, $2, $3 FROM free
     ON CONFLICT (environment, id) DO UPDATE SET merged_into = excluded.merged_into RETURNING id`,
    environment,
    toStoredText(source.id),
    toStoredText(into),
    source.version,
  );
  return rows.length > 0;
}

/** Reads, folds by the one law, and writes what nobody else changed in between; the rest is done again from a new reading. */
async function update(
  query: Query,
  environment: string,
  changes: readonly UserChange[],
): Promise<readonly UserUpdate[]> {
  const results: UserUpdate[] = changes.map(({ id }) => ({ id, status: "unchanged" }));
  let open = new Set(changes.map((change) => change.id));
  while (open.size > 0) {
    const all = await read(query, environment, [...open]);
    for (const [index, change] of changes.entries()) {
      const asked = open.has(change.id) ? all.get(change.id) : undefined;
      if (asked !== undefined) results[index] = apply(asked, change);
    }
    const changed = new Set([...all.values()].flatMap(({ draft }) => (draft.isChanged ? [draft] : [])));
    const written = await write(query, environment, [...changed]);
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

function apply({ draft, deletedAt }: Asked, change: UserChange): UserUpdate {
  const at = change.at.getTime();
  if (deletedAt !== null && at <= deletedAt) return { id: change.id, status: "deleted" };
  const { id } = draft;
  const updated = applyUserChange(draft.registers ?? emptyRegisters, change);
  if (updated === draft.registers) return { id, status: "unchanged" };
  const status = draft.registers === null ? "created" : "updated";
  draft.registers = updated;
  draft.isChanged = true;
  draft.since.set(change.id, Math.min(draft.since.get(change.id) ?? at, at));
  return { id, status };
}

/** By the ids that were asked for. */
async function read(query: Query, environment: string, ids: readonly string[]): Promise<ReadonlyMap<string, Asked>> {
  if (ids.length === 0) return new Map();
  const input = ids.map((id) => ({ id: toStoredText(id), hash: userHash(environment, id) }));
  const rows = await query(
    `SELECT i.id, coalesce(m.merged_into, i.id) AS current, u.registers, u.version, d.deleted_at
     FROM json_to_recordset($2::text::json) AS i(id text, hash text)
     LEFT JOIN LATERAL (
       SELECT m.merged_into FROM bellwire.merged_users m WHERE m.environment = $1 AND m.id = i.id LIMIT 1) m ON true
     LEFT JOIN LATERAL (SELECT u.registers, u.version FROM bellwire.users u
       WHERE u.environment = $1 AND u.id = coalesce(m.merged_into, i.id) LIMIT 1) u ON true
     LEFT JOIN LATERAL (
       SELECT d.deleted_at FROM bellwire.deleted_users d WHERE d.environment = $1 AND d.hash = i.hash LIMIT 1) d ON true`,
    environment,
    JSON.stringify(input),
  );
  const drafts = new Map<string, Draft>();
  return new Map(
    rows.map((row) => {
      const draft = toDraft(row);
      const shared = drafts.get(draft.id) ?? draft;
      drafts.set(draft.id, shared);
      return [decodedOf(row, "id"), { draft: shared, deletedAt: numberOrNull(row, "deleted_at") }];
    }),
  );
}

function toDraft(row: Row): Draft {
  const registers = textOrNull(row, "registers");
  return {
    id: decodedOf(row, "current"),
    registers: registers === null ? null : JSON.parse(registers),
    version: registers === null ? 0 : numberOf(row, "version"),
    isChanged: false,
    since: new Map(),
  };
}

/**
 * Versions start at the time of creation, so that those of a user who was deleted and created anew are others.
 * @returns the ids that were written: those whose version was still the one that was read
 */
async function write(query: Query, environment: string, drafts: readonly Draft[]): Promise<ReadonlySet<string>> {
  if (drafts.length === 0) return new Set();
  const input = drafts.map(({ id, registers, version, since }) => ({
    id: toStoredText(id),
    told: [...since].map(([of, at]) => ({ hash: userHash(environment, of), at })),
    registers: JSON.stringify(registers),
    email: registers === null ? null : storedEmailOf(registers),
    version,
  }));
  const rows = await query(
    `WITH asked AS (
       SELECT * FROM json_to_recordset($2::text::json) AS x(id text, told json, registers text, email text, version bigint)
     ), told AS (
       SELECT a.id, t.hash, t.at FROM asked a, json_to_recordset(a.told) AS t(hash text, at bigint)
     ), deleted AS MATERIALIZED (SELECT * FROM ${deletionsOf("$1", "ARRAY(SELECT hash FROM told)")}
     ), input AS (
       SELECT * FROM asked a
       WHERE NOT EXISTS (SELECT 1 FROM told t JOIN deleted d ON d.hash = t.hash AND t.at <= d.deleted_at WHERE t.id = a.id) ORDER BY id
     ), locked AS (
       SELECT u.id FROM bellwire.users u JOIN input i ON u.environment = $1 AND u.id = i.id ORDER BY u.id FOR UPDATE OF u
     ), updated AS (
       UPDATE bellwire.users u SET registers = i.registers, email = i.email, version = u.version + 1 FROM input i JOIN locked USING (id)
       WHERE u.environment = $1 AND u.id = i.id AND u.version = i.version RETURNING u.id
     ), inserted AS (
       INSERT INTO bellwire.users (environment, id, registers, email, version)
       SELECT $1, id, registers, email, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM input WHERE version = 0
       ON CONFLICT DO NOTHING RETURNING id
     ) SELECT id FROM updated UNION ALL SELECT id FROM inserted`,
    environment,
    JSON.stringify(input),
  );
  return new Set(rows.map((row) => decodedOf(row, "id")));
}
