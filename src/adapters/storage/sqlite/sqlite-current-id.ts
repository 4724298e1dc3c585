import { decodedOf } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";

/** The id that the user has now. */
export function currentId(session: SqliteSession, environment: string, id: string): string {
  const [row] = session.all(
    "SELECT merged_into FROM bellwire_merged_users WHERE environment = ? AND id = ?",
    environment,
    toStoredText(id),
  );
  return row === undefined ? id : decodedOf(row, "merged_into");
}
