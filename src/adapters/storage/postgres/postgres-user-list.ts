import type { Page } from "../../../storage/page.js";
import type { ListUsersParams } from "../../../storage/user-store.js";
import type { User } from "../../../users/user.js";
import { emptyRegisters } from "../../../users/user-registers.js";
import { toStoredEmail } from "../stored-email.js";
import { toUserPage } from "../stored-records.js";
import { decodedOf } from "../stored-row.js";
import { prefixRange, toStoredText } from "../stored-text.js";
import type { Query } from "./postgres-client.js";
import { saidByUsers } from "./postgres-visitors.js";

/** In the order of their bytes ids are found by how they start, whatever the order of the database's language is. */
const id = 'id COLLATE "C"';

export async function listUsers(
  query: Query,
  { environment, search, limit, cursor }: ListUsersParams,
): Promise<Page<User>> {
  const after = cursor === undefined ? "" : toStoredText(cursor);
  const branch = (condition: string) =>
    `(SELECT id, registers FROM bellwire.users WHERE environment = $1 ${condition} AND ${id} > $2 ORDER BY ${id} LIMIT $3::integer)`;
  const searched = search === undefined ? [] : [...prefixRange(search), toStoredEmail(search)];
  const branches =
    search === undefined ? [branch("")] : [branch(`AND ${id} >= $4 AND ${id} < $5`), branch("AND email = $6")];
  const rows = await query(
    `SELECT * FROM (${branches.join(" UNION ")}) u ORDER BY ${id} LIMIT $3::integer`,
    environment,
    after,
    limit + 1,
    ...searched,
  );
  const said = await saidByUsers(
    query,
    environment,
    rows.slice(0, limit).map((row) => decodedOf(row, "id")),
  );
  return toUserPage(rows, limit, (userId) => said.get(userId) ?? emptyRegisters);
}
