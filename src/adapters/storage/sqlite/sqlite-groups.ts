import type { GroupStore, GroupUpdate } from "../../../storage/group-store.js";
import { applyGroupChange, type GroupChange, type MembershipChange, toGroup } from "../../../users/group.js";
import { emptyRegisters, type UserRegisters } from "../../../users/user-registers.js";
import { groupHash, userHash } from "../deleted-hash.js";
import { toPage } from "../stored-page.js";
import { decodedOf, numberOf, type Row, textOf } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";
import { isForgotten, markDeleted } from "./sqlite-deletions.js";

export function sqliteGroupStore(session: SqliteSession): GroupStore {
  return {
    update: async ({ environment, changes, memberships }) =>
      session.transaction(() => {
        const updates = changes.map((change) => updateOne(session, environment, change));
        for (const membership of memberships) setMember(session, environment, membership);
        return updates;
      }),
    find: async ({ environment, ids }) =>
      [...new Set(ids)].flatMap((id) => {
        const registers = read(session, environment, id);
        return registers === null ? [] : [toGroup(id, registers)];
      }),
    async members({ environment, groupIds, limit, cursor }) {
      const rows = session.all(
        `SELECT DISTINCT user_id FROM bellwire_members
         WHERE environment = ? AND group_id IN (SELECT value FROM json_each(?)) AND is_member = 1 AND user_id > ?
         ORDER BY user_id LIMIT ?`,
        environment,
        JSON.stringify(groupIds.map(toStoredText)),
        cursor === undefined ? "" : toStoredText(cursor),
        limit + 1,
      );
      const userIdOf = (row: Row) => decodedOf(row, "user_id");
      return toPage(rows, limit, { toItem: userIdOf, cursorOf: userIdOf });
    },
    moveMember: async ({ environment, from, into }) => {
      if (from !== into) session.transaction(() => move(session, environment, from, into));
    },
    async eraseMember({ environment, userId, until }) {
      const saidBy = until?.getTime() ?? null;
      session.run(
        "DELETE FROM bellwire_members WHERE environment = ? AND user_id = ? AND (? IS NULL OR said_at <= ?)",
        environment,
        toStoredText(userId),
        saidBy,
        saidBy,
      );
    },
    delete: async ({ environment, id, at }) =>
      session.transaction(() => {
        const stored = toStoredText(id);
        markDeleted(session, environment, groupHash(environment, id), at.getTime());
        session.run("DELETE FROM bellwire_members WHERE environment = ? AND group_id = ?", environment, stored);
        const sql = "DELETE FROM bellwire_groups WHERE environment = ? AND id = ? RETURNING id";
        return session.all(sql, environment, stored).length > 0;
      }),
  };
}

function updateOne(session: SqliteSession, environment: string, change: GroupChange): GroupUpdate {
  const { id, at } = change;
  if (isForgotten(session, environment, groupHash(environment, id), at.getTime())) return { id, status: "deleted" };
  const known = read(session, environment, id);
  const updated = applyGroupChange(known ?? emptyRegisters, change);
  if (updated === known) return { id, status: "unchanged" };
  session.run(
    "INSERT INTO bellwire_groups (environment, id, registers) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET registers = excluded.registers",
    environment,
    toStoredText(id),
    JSON.stringify(updated),
  );
  return { id, status: known === null ? "created" : "updated" };
}

function read(session: SqliteSession, environment: string, id: string): UserRegisters | null {
  const sql = "SELECT registers FROM bellwire_groups WHERE environment = ? AND id = ?";
  const [row] = session.all(sql, environment, toStoredText(id));
  return row === undefined ? null : JSON.parse(textOf(row, "registers"));
}

function setMember(session: SqliteSession, environment: string, membership: MembershipChange): void {
  const { groupId, userId, isMember } = membership;
  const at = membership.at.getTime();
  if (isForgotten(session, environment, groupHash(environment, groupId), at)) return;
  if (isForgotten(session, environment, userHash(environment, userId), at)) return;
  write(session, environment, toStoredText(groupId), toStoredText(userId), isMember ? 1 : 0, at);
}

/** Of two words about a membership the later stays; at the same time, that of joining. */
function write(
  session: SqliteSession,
  environment: string,
  groupId: string,
  userId: string,
  isMember: number,
  at: number,
): void {
  session.run(
    `INSERT INTO bellwire_members (environment, group_id, user_id, is_member, said_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET is_member = excluded.is_member, said_at = excluded.said_at
     WHERE (excluded.said_at, excluded.is_member) > (said_at, is_member)`,
    environment,
    groupId,
    userId,
    isMember,
    at,
  );
}

function move(session: SqliteSession, environment: string, from: string, into: string): void {
  const rows = session.all(
    "DELETE FROM bellwire_members WHERE environment = ? AND user_id = ? RETURNING group_id, is_member, said_at",
    environment,
    toStoredText(from),
  );
  for (const row of rows) {
    const [isMember, at] = [numberOf(row, "is_member"), numberOf(row, "said_at")];
    write(session, environment, textOf(row, "group_id"), toStoredText(into), isMember, at);
  }
}
