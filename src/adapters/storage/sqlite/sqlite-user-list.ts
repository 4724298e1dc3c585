import type { Page } from "../../../storage/page.js";
import type { ListUsersParams } from "../../../storage/user-store.js";
import type { User } from "../../../users/user.js";
import { toStoredEmail } from "../stored-email.js";
import { toUserPage } from "../stored-records.js";
import { prefixRange, toStoredText } from "../stored-text.js";
import type { SqliteSession, SqliteValue } from "./sqlite-database.js";
import { saidByUser } from "./sqlite-visitors.js";

export function listUsers(session: SqliteSession, { environment, search, limit, cursor }: ListUsersParams): Page<User> {
  const parameters: SqliteValue[] = [];
  const branch = (condition: string, ...values: readonly SqliteValue[]) => {
    parameters.push(environment, ...values, cursor === undefined ? "" : toStoredText(cursor), limit + 1);
    return `SELECT * FROM (SELECT id, registers FROM bellwire_users WHERE environment = ? ${condition} AND id > ? ORDER BY id LIMIT ?)`;
  };
  const branches =
    search === undefined
      ? [branch("")]
      : [branch("AND id >= ? AND id < ?", ...prefixRange(search)), branch("AND email = ?", toStoredEmail(search))];
  const rows = session.all(`${branches.join(" UNION ")} ORDER BY id LIMIT ?`, ...parameters, limit + 1);
  return toUserPage(rows, limit, (id) => saidByUser(session, environment, id));
}
