import { emptyRegisters, type UserRegisters } from "../../../users/user-registers.js";
import { userHash } from "../deleted-hash.js";
import { storedEmailOf } from "../stored-email.js";
import { decodedOf, numberOf, numberOrNull, type Row, textOrNull } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import type { Query } from "./postgres-client.js";
import { deletionsOf } from "./postgres-deletions.js";
import { redirectsOf } from "./postgres-merges.js";

/** A user as read, and as it is to be written when nobody wrote in between. */
export interface UserDraft {
  /** The id that the user has now. */
  readonly id: string;
  registers: UserRegisters | null;
  /** 0: there is no row. */
  readonly version: number;
  isChanged: boolean;
  /** By the ids that were told of, the time of the earliest change: nothing of before a deletion may be written after it. */
  readonly since: Map<string, number>;
}

/** One of the ids that were asked for. */
export interface AskedUser {
  /** Shared by the ids of one user. */
  readonly draft: UserDraft;
  /** Of this very id: whoever is deleted is so under all ids that they had. */
  readonly deletedAt: number | null;
}

/** By the ids that were asked for. */
export async function readUsers(
  query: Query,
  environment: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, AskedUser>> {
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
  const drafts = new Map<string, UserDraft>();
  return new Map(
    rows.map((row) => {
      const draft = toDraft(row);
      const shared = drafts.get(draft.id) ?? draft;
      drafts.set(draft.id, shared);
      return [decodedOf(row, "id"), { draft: shared, deletedAt: numberOrNull(row, "deleted_at") }];
    }),
  );
}

function toDraft(row: Row): UserDraft {
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
 * Versions start at the time of creation, so that those of a user who was deleted and created anew are others. Nobody is created under
 * an id that has become another id of somebody: no reading would find them.
 */
const writeSql = `
WITH asked AS (
  SELECT * FROM json_to_recordset($2::text::json) AS x(id text, told json, registers text, email text, version bigint)
), told AS (
  SELECT a.id, t.hash, t.at FROM asked a, json_to_recordset(a.told) AS t(hash text, at bigint)
), deleted AS MATERIALIZED (SELECT * FROM ${deletionsOf("$1", "ARRAY(SELECT hash FROM told)")}
), redirected AS MATERIALIZED (SELECT * FROM ${redirectsOf("$1", "ARRAY(SELECT id FROM asked WHERE version = 0)")}
), input AS (
  SELECT * FROM asked a
  WHERE NOT EXISTS (SELECT 1 FROM told t JOIN deleted d ON d.hash = t.hash AND t.at <= d.deleted_at WHERE t.id = a.id)
    AND NOT EXISTS (SELECT 1 FROM redirected r WHERE r.id = a.id) ORDER BY id
), locked AS (
  SELECT u.id FROM bellwire.users u JOIN input i ON u.environment = $1 AND u.id = i.id ORDER BY u.id FOR UPDATE OF u
), updated AS (
  UPDATE bellwire.users u SET registers = i.registers, email = i.email, version = u.version + 1 FROM input i JOIN locked USING (id)
  WHERE u.environment = $1 AND u.id = i.id AND u.version = i.version RETURNING u.id
), inserted AS (
  INSERT INTO bellwire.users (environment, id, registers, email, version)
  SELECT $1, id, registers, email, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM input WHERE version = 0
  ON CONFLICT DO NOTHING RETURNING id
) SELECT id FROM updated UNION ALL SELECT id FROM inserted`;

/** @returns the ids that were written: those whose version was still the one that was read */
export async function writeUsers(
  query: Query,
  environment: string,
  drafts: readonly UserDraft[],
): Promise<ReadonlySet<string>> {
  if (drafts.length === 0) return new Set();
  const input = drafts.map(({ id, registers, version, since }) => ({
    id: toStoredText(id),
    told: [...since].map(([of, at]) => ({ hash: userHash(environment, of), at })),
    registers: JSON.stringify(registers ?? emptyRegisters),
    email: registers === null ? null : storedEmailOf(registers),
    version,
  }));
  const rows = await query(writeSql, environment, JSON.stringify(input));
  return new Set(rows.map((row) => decodedOf(row, "id")));
}
