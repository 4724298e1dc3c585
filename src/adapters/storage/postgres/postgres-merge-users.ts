import type { MergeUsersParams, UserMerge } from "../../../storage/user-store.js";
import { emptyRegisters, mergeRegisters } from "../../../users/user-registers.js";
import { userHash } from "../deleted-hash.js";
import { storedEmailOf } from "../stored-email.js";
import { textOf } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import { type Query, toArray } from "./postgres-client.js";
import { readUsers, type UserDraft } from "./postgres-user-rows.js";

/** Reads, merges, and writes it all in one step if nobody else came in between; otherwise it is read and done again. */
export async function mergeUsers(query: Query, { environment, from, into, at }: MergeUsersParams): Promise<UserMerge> {
  for (;;) {
    const asked = await readUsers(query, environment, [from, into]);
    const [source, target] = [asked.get(from)?.draft, asked.get(into)?.draft];
    if (source === undefined || target === undefined || source === target) return { status: "merged" };
    const hashes = [from, into, source.id, target.id].map((id) => userHash(environment, id));
    const status = await write(query, environment, { source, target, hashes, at: at?.getTime() ?? null });
    if (status !== "changed") return { status: status === "deleted" ? "deleted" : "merged" };
  }
}

interface Merge {
  readonly source: UserDraft;
  readonly target: UserDraft;
  /** Of whoever must not have been deleted since it was said. */
  readonly hashes: readonly string[];
  readonly at: number | null;
}

async function write(query: Query, environment: string, { source, target, hashes, at }: Merge): Promise<string | null> {
  const registers = mergeRegisters(target.registers ?? emptyRegisters, source.registers ?? emptyRegisters);
  const [row] = await query(
    "SELECT bellwire.merge_users($1, $2, $3::bigint, $4, $5::bigint, $6::text[], $7::bigint, $8, $9) AS status",
    environment,
    toStoredText(source.id),
    source.version,
    toStoredText(target.id),
    target.version,
    toArray(hashes),
    at,
    JSON.stringify(registers),
    storedEmailOf(registers),
  );
  return row === undefined ? null : textOf(row, "status");
}
