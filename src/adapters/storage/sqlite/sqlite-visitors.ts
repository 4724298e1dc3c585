import type { VisitorUpdate } from "../../../storage/user-store.js";
import type { VisitorChange } from "../../../users/user.js";
import { emptyRegisters, mergeRegisters, type UserRegisters } from "../../../users/user-registers.js";
import { applyStatement, isLate, linkVisitor, saidBy, unknownVisitor, type Visitor } from "../../../users/visitor.js";
import { userHash } from "../deleted-hash.js";
import { decodedOf, textOf } from "../stored-row.js";
import { toStoredText, toStoredTextOrNull } from "../stored-text.js";
import { toVisitor } from "../stored-visitor.js";
import { currentId } from "./sqlite-current-id.js";
import type { SqliteSession } from "./sqlite-database.js";
import { isForgotten } from "./sqlite-deletions.js";

export function updateVisitor(
  session: SqliteSession,
  environment: string,
  change: VisitorChange,
  now: number,
): VisitorUpdate {
  const { anonymousId } = change;
  const at = change.at.getTime();
  if (isForgotten(session, environment, userHash(environment, anonymousId), at))
    return { status: "deleted", userId: null };
  const known = read(session, environment, anonymousId);
  if (isLate(known, at)) return { status: "late", userId: null };
  const visitor = applyStatement(known, change);
  if (visitor !== known) write(session, environment, anonymousId, visitor, now);
  if (visitor.userId === null) return { status: "kept", userId: null };
  return { status: "folded", userId: currentId(session, environment, visitor.userId) };
}

/** @returns whether the user has something of it that was not theirs before */
export function linkVisitorRow(
  session: SqliteSession,
  environment: string,
  anonymousId: string,
  userId: string,
  at: number,
  now: number,
): boolean {
  if (isForgotten(session, environment, userHash(environment, anonymousId), at)) return false;
  const known = read(session, environment, anonymousId);
  const visitor = linkVisitor(known, userId, at);
  if (visitor === known) return false;
  write(session, environment, anonymousId, visitor, now);
  const before = known.userId === null ? null : currentId(session, environment, known.userId);
  return visitor.said.length > 0 && before !== userId;
}

/** What was said under the anonymous ids of the user, and of those who were merged into them. */
export function saidByUser(session: SqliteSession, environment: string, userId: string): UserRegisters {
  const id = toStoredText(userId);
  const rows = session.all(
    `SELECT said FROM bellwire_anonymous WHERE environment = ? AND said <> '[]' AND user_id IN (
       SELECT ? UNION ALL SELECT id FROM bellwire_merged_users WHERE environment = ? AND merged_into = ?)`,
    environment,
    id,
    environment,
    id,
  );
  return rows.reduce<UserRegisters>(
    (all, row) => mergeRegisters(all, saidBy({ said: JSON.parse(textOf(row, "said")) })),
    emptyRegisters,
  );
}

/**
 * @param until only those who were tied to the user, or last heard, by then; `null`: all
 * @returns the anonymous ids that are theirs
 */
export function visitorsOf(
  session: SqliteSession,
  environment: string,
  userIds: ReadonlySet<string>,
  until: number | null,
): readonly string[] {
  const sql = `SELECT id FROM bellwire_anonymous WHERE environment = ? AND (id = ? OR user_id = ?)
    AND (? IS NULL OR coalesce(linked_at, json_extract(said, '$[0][0]'), 0) <= ?)`;
  return [...userIds].flatMap((userId) => {
    const id = toStoredText(userId);
    return session.all(sql, environment, id, id, until, until).map((row) => decodedOf(row, "id"));
  });
}

export function eraseVisitors(session: SqliteSession, environment: string, anonymousIds: readonly string[]): void {
  const sql = "DELETE FROM bellwire_anonymous WHERE environment = ? AND id = ?";
  for (const id of anonymousIds) session.run(sql, environment, toStoredText(id));
}

function read(session: SqliteSession, environment: string, anonymousId: string): Visitor {
  const sql = "SELECT * FROM bellwire_anonymous WHERE environment = ? AND id = ?";
  const [row] = session.all(sql, environment, toStoredText(anonymousId));
  return row === undefined ? unknownVisitor : toVisitor(row);
}

function write(session: SqliteSession, environment: string, anonymousId: string, visitor: Visitor, now: number): void {
  session.run(
    `INSERT INTO bellwire_anonymous (environment, id, said, user_id, linked_at, seen_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET said = excluded.said, user_id = excluded.user_id, linked_at = excluded.linked_at, seen_at = excluded.seen_at`,
    environment,
    toStoredText(anonymousId),
    JSON.stringify(visitor.said),
    toStoredTextOrNull(visitor.userId),
    visitor.linkedAt,
    now,
  );
}
