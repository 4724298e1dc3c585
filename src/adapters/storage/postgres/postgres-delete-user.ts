import type { DeleteUserParams } from "../../../storage/user-store.js";
import { registersAfter, type UserRegisters } from "../../../users/user-registers.js";
import { userHash } from "../deleted-hash.js";
import { storedEmailOf } from "../stored-email.js";
import { decodedOf, textOf } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import { type Query, toArray } from "./postgres-client.js";
import { markDeleted } from "./postgres-deletions.js";
import { readUsers, type UserDraft } from "./postgres-user-rows.js";
import { eraseVisitors, visitorsOf } from "./postgres-visitors.js";

/**
 * Keeps the hash of every id. Looked for once more each time that there were new ones: when the hashes of all are kept, nothing that was
 * said until then brings another.
 * @returns the ids
 */
export async function markUserDeleted(
  query: Query,
  { environment, id, at, sparesLater = false }: DeleteUserParams,
): Promise<readonly string[]> {
  const until = sparesLater ? at.getTime() : null;
  const marked = new Set<string>();
  for (;;) {
    const found = new Set([id, ...marked, ...(await idsOf(query, environment, id))]);
    for (const each of await visitorsOf(query, environment, { userIds: [...found], until })) found.add(each);
    const added = [...found].filter((each) => !marked.has(each));
    if (added.length === 0) return [...marked];
    const hashes = added.map((each) => userHash(environment, each));
    await markDeleted(query, environment, hashes, at.getTime());
    for (const each of added) marked.add(each);
  }
}

/** The id that the user has now, and those that were merged into it. */
async function idsOf(query: Query, environment: string, id: string): Promise<readonly string[]> {
  const rows = await query(
    `WITH now AS (
       SELECT coalesce((SELECT merged_into FROM bellwire.merged_users WHERE environment = $1 AND id = $2), $2) AS id
     ) SELECT id FROM now UNION ALL
     SELECT m.id FROM now JOIN bellwire.merged_users m ON m.environment = $1 AND m.merged_into = now.id`,
    environment,
    toStoredText(id),
  );
  return rows.map((row) => decodedOf(row, "id"));
}

/** The user goes last, and in one step with the list of their ids: interrupted before, a repetition finds all of them again. */
export async function deleteUser(query: Query, params: DeleteUserParams): Promise<readonly string[]> {
  const { environment, id, at, sparesLater = false } = params;
  const until = sparesLater ? at.getTime() : null;
  for (;;) {
    const userIds = await markUserDeleted(query, params);
    await eraseVisitors(query, environment, { userIds, until });
    const draft = (await readUsers(query, environment, [id])).get(id)?.draft;
    if (draft === undefined) return [];
    const hasLater = until !== null && (await visitorsOf(query, environment, { userIds, until: null })).length > 0;
    const left = until === null || draft.registers === null ? null : registersAfter(draft.registers, until, hasLater);
    if (!(await write(query, environment, { draft, userIds, left }))) continue;
    return draft.registers !== null && left === null ? userIds : [];
  }
}

interface Deletion {
  readonly draft: UserDraft;
  readonly userIds: readonly string[];
  /** What stays of the user. */
  readonly left: UserRegisters | null;
}

async function write(query: Query, environment: string, { draft, userIds, left }: Deletion): Promise<boolean> {
  const [row] = await query(
    "SELECT bellwire.delete_user($1, $2, $3::bigint, $4::text[], $5, $6)::text AS done",
    environment,
    toStoredText(draft.id),
    draft.version,
    toArray(userIds.map(toStoredText)),
    left === null ? null : JSON.stringify(left),
    left === null ? null : storedEmailOf(left),
  );
  return row !== undefined && textOf(row, "done") === "true";
}
