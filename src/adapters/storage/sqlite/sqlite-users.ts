import type { Clock } from "../../../core/clock.js";
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
import { decodedOf, textOf } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import { currentId } from "./sqlite-current-id.js";
import type { SqliteSession } from "./sqlite-database.js";
import { isForgotten, markDeleted } from "./sqlite-deletions.js";
import { listUsers } from "./sqlite-user-list.js";
import { eraseVisitors, linkVisitorRow, saidByUser, updateVisitor } from "./sqlite-visitors.js";

export function sqliteUserStore(session: SqliteSession, clock: Clock): Required<UserStore> {
  return {
    update: async ({ environment, changes }) =>
      session.transaction(() => changes.map((change) => updateOne(session, environment, change, clock.now()))),
    find: async ({ environment, ids }) =>
      [...new Set(ids.map((id) => currentId(session, environment, id)))].flatMap((id) => {
        const registers = readWithVisitors(session, environment, id);
        return registers === null ? [] : [toUser(id, registers)];
      }),
    known: async ({ environment, ids }) => {
      const sql = "SELECT 1 FROM bellwire_users WHERE environment = ? AND id = ?";
      const found = ids.map((id) => [id, currentId(session, environment, id)] as const);
      return new Map(found.filter(([, id]) => session.all(sql, environment, toStoredText(id)).length > 0));
    },
    merge: async ({ environment, from, into }) => session.transaction(() => merge(session, environment, from, into)),
    list: async (params) => listUsers(session, params),
    history: async ({ environment, id }) => {
      const registers = readWithVisitors(session, environment, currentId(session, environment, id));
      return registers === null ? null : toUserHistory(registers);
    },
    delete: async ({ environment, id, at }) =>
      session.transaction(() => deleteUser(session, environment, id, at.getTime())),
    updateVisitors: async ({ environment, changes }) =>
      session.transaction(() => changes.map((change) => updateVisitor(session, environment, change, clock.now()))),
  };
}

function merge(session: SqliteSession, environment: string, fromId: string, intoId: string): void {
  const from = currentId(session, environment, fromId);
  const into = currentId(session, environment, intoId);
  if (from === into) return;
  const moved = read(session, environment, from);
  if (moved !== null) {
    write(session, environment, into, mergeRegisters(read(session, environment, into) ?? emptyRegisters, moved));
    remove(session, environment, from);
  }
  const target = toStoredText(into);
  session.run(
    "UPDATE bellwire_merged_users SET merged_into = ? WHERE environment = ? AND merged_into = ?",
    target,
    environment,
    toStoredText(from),
  );
  session.run(
    "INSERT INTO bellwire_merged_users (environment, id, merged_into) VALUES (?, ?, ?)",
    environment,
    toStoredText(from),
    target,
  );
}

function deleteUser(session: SqliteSession, environment: string, id: string, at: number): readonly string[] {
  const now = currentId(session, environment, id);
  const merged = session.all(
    "DELETE FROM bellwire_merged_users WHERE environment = ? AND merged_into = ? RETURNING id",
    environment,
    toStoredText(now),
  );
  const ids = [now, ...merged.map((row) => decodedOf(row, "id"))];
  const visitors = eraseVisitors(session, environment, new Set([id, ...ids]));
  for (const each of new Set([id, ...ids, ...visitors]))
    markDeleted(session, environment, userHash(environment, each), at);
  return remove(session, environment, now) ? [...new Set([...ids, ...visitors])] : [];
}

function updateOne(session: SqliteSession, environment: string, change: UserChange, now: number): UserUpdate {
  const at = change.at.getTime();
  if (isForgotten(session, environment, userHash(environment, change.id), at))
    return { id: change.id, status: "deleted" };
  const id = currentId(session, environment, change.id);
  const known = read(session, environment, id);
  const updated = applyUserChange(known ?? emptyRegisters, change);
  const { anonymousId } = change;
  const hasSaid = anonymousId !== undefined && linkVisitorRow(session, environment, anonymousId, id, at, now);
  if (updated === known && !hasSaid) return { id, status: "unchanged" };
  write(session, environment, id, updated);
  return { id, status: known === null ? "created" : "updated" };
}

function read(session: SqliteSession, environment: string, id: string): UserRegisters | null {
  const [row] = session.all(
    "SELECT registers FROM bellwire_users WHERE environment = ? AND id = ?",
    environment,
    toStoredText(id),
  );
  return row === undefined ? null : JSON.parse(textOf(row, "registers"));
}

/** With what was said before the sign-in. */
function readWithVisitors(session: SqliteSession, environment: string, id: string): UserRegisters | null {
  const registers = read(session, environment, id);
  return registers === null ? null : mergeRegisters(registers, saidByUser(session, environment, id));
}

function write(session: SqliteSession, environment: string, id: string, registers: UserRegisters): void {
  session.run(
    `INSERT INTO bellwire_users (environment, id, registers, email) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET registers = excluded.registers, email = excluded.email`,
    environment,
    toStoredText(id),
    JSON.stringify(registers),
    storedEmailOf(registers),
  );
}

function remove(session: SqliteSession, environment: string, id: string): boolean {
  const sql = "DELETE FROM bellwire_users WHERE environment = ? AND id = ? RETURNING id";
  return session.all(sql, environment, toStoredText(id)).length > 0;
}
