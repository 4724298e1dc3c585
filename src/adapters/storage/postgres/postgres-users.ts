import { createHash } from "node:crypto";
import type { UserStore, UserUpdate } from "../../../storage/user-store.js";
import type { UserChange } from "../../../users/user.js";
import {
  applyUserChange,
  emptyRegisters,
  mergeRegisters,
  toUser,
  type UserRegisters,
} from "../../../users/user-registers.js";
import { fromStoredText, toStoredText } from "../stored-text.js";
import { numberOf, type Query, textOf, textOrNull } from "./postgres-client.js";

/** A user as read, and as it is to be written when nobody wrote in between. */
interface Draft {
  registers: UserRegisters | null;
  readonly version: number;
  readonly deletedAt: number | null;
  isChanged: boolean;
}

export function postgresUserStore(query: Query): UserStore {
  return {
    update: ({ environment, changes }) => update(query, environment, changes),
    async find({ environment, ids }) {
      const drafts = await read(query, environment, ids);
      return [...drafts].flatMap(([id, { registers }]) => (registers === null ? [] : [toUser(id, registers)]));
    },
    async known({ environment, ids }) {
      if (ids.length === 0) return new Set();
      const rows = await query(
        "SELECT id FROM bellwire.users WHERE environment = $1 AND id IN (SELECT * FROM json_array_elements_text($2::text::json))",
        environment,
        JSON.stringify(ids.map(toStoredText)),
      );
      return new Set(rows.map((row) => fromStoredText(textOf(row, "id"))));
    },
    async merge({ environment, from, into }) {
      if (from === into) return;
      for (;;) {
        const drafts = await read(query, environment, [from, into]);
        const moved = drafts.get(from)?.registers ?? null;
        const target = drafts.get(into);
        if (moved === null || target === undefined) return;
        target.registers = mergeRegisters(target.registers ?? emptyRegisters, moved);
        target.isChanged = true;
        const written = await write(query, environment, new Map([[into, target]]));
        if (!written.has(into)) continue;
        if (await removeVersion(query, environment, from, drafts.get(from)?.version ?? 0)) return;
      }
    },
    async delete({ environment, id, at }) {
      const rows = await query(
        `WITH marked AS (
           INSERT INTO bellwire.deleted_users AS d (environment, hash, deleted_at) VALUES ($1, $3, $4::bigint)
           ON CONFLICT (environment, hash) DO UPDATE SET deleted_at = greatest(d.deleted_at, excluded.deleted_at))
         DELETE FROM bellwire.users WHERE environment = $1 AND id = $2 RETURNING id`,
        environment,
        toStoredText(id),
        hashOf(environment, id),
        at.getTime(),
      );
      return rows.length > 0;
    },
  };
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
    const drafts = await read(query, environment, [...open]);
    for (const [index, change] of changes.entries()) {
      const draft = open.has(change.id) ? drafts.get(change.id) : undefined;
      if (draft !== undefined) results[index] = { id: change.id, status: apply(draft, change) };
    }
    const changed = new Map([...drafts].filter(([, draft]) => draft.isChanged));
    const written = await write(query, environment, changed);
    open = new Set([...changed.keys()].filter((id) => !written.has(id)));
  }
  return results;
}

function apply(draft: Draft, change: UserChange): UserUpdate["status"] {
  if (draft.deletedAt !== null && change.at.getTime() <= draft.deletedAt) return "deleted";
  const updated = applyUserChange(draft.registers ?? emptyRegisters, change);
  if (updated === draft.registers) return "unchanged";
  const status = draft.registers === null ? "created" : "updated";
  draft.registers = updated;
  draft.isChanged = true;
  return status;
}

async function read(query: Query, environment: string, ids: readonly string[]): Promise<ReadonlyMap<string, Draft>> {
  if (ids.length === 0) return new Map();
  const input = ids.map((id) => ({ id: toStoredText(id), hash: hashOf(environment, id) }));
  const rows = await query(
    `SELECT i.id, u.registers, u.version, d.deleted_at FROM json_to_recordset($2::text::json) AS i(id text, hash text)
     LEFT JOIN bellwire.users u ON u.environment = $1 AND u.id = i.id
     LEFT JOIN bellwire.deleted_users d ON d.environment = $1 AND d.hash = i.hash`,
    environment,
    JSON.stringify(input),
  );
  return new Map(
    rows.map((row) => {
      const registers = textOrNull(row, "registers");
      const deletedAt = textOrNull(row, "deleted_at");
      const draft: Draft = {
        registers: registers === null ? null : JSON.parse(registers),
        version: registers === null ? 0 : numberOf(row, "version"),
        deletedAt: deletedAt === null ? null : Number(deletedAt),
        isChanged: false,
      };
      return [fromStoredText(textOf(row, "id")), draft];
    }),
  );
}

/** @returns the ids that were written: those whose version was still the one that was read */
async function write(
  query: Query,
  environment: string,
  drafts: ReadonlyMap<string, Draft>,
): Promise<ReadonlySet<string>> {
  if (drafts.size === 0) return new Set();
  const input = [...drafts].map(([id, { registers, version }]) => ({
    id: toStoredText(id),
    registers: JSON.stringify(registers),
    version,
  }));
  const rows = await query(
    `WITH input AS (SELECT * FROM json_to_recordset($2::text::json) AS x(id text, registers text, version bigint) ORDER BY id
     ), locked AS (
       SELECT u.id FROM bellwire.users u JOIN input i ON u.environment = $1 AND u.id = i.id ORDER BY u.id FOR UPDATE OF u
     ), updated AS (
       UPDATE bellwire.users u SET registers = i.registers, version = u.version + 1 FROM input i JOIN locked USING (id)
       WHERE u.environment = $1 AND u.id = i.id AND u.version = i.version RETURNING u.id
     ), inserted AS (
       INSERT INTO bellwire.users (environment, id, registers, version) SELECT $1, id, registers, 1 FROM input WHERE version = 0
       ON CONFLICT DO NOTHING RETURNING id
     ) SELECT id FROM updated UNION ALL SELECT id FROM inserted`,
    environment,
    JSON.stringify(input),
  );
  return new Set(rows.map((row) => fromStoredText(textOf(row, "id"))));
}

async function removeVersion(query: Query, environment: string, id: string, version: number): Promise<boolean> {
  const sql = "DELETE FROM bellwire.users WHERE environment = $1 AND id = $2 AND version = $3::bigint RETURNING id";
  return (await query(sql, environment, toStoredText(id), version)).length > 0;
}

function hashOf(environment: string, id: string): string {
  return createHash("sha256")
    .update(JSON.stringify([environment, id]))
    .digest("hex");
}
