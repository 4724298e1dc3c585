import type { Clock } from "../../../core/clock.js";
import type {
  DeleteUserParams,
  MergeUsersParams,
  UserMerge,
  UserStore,
  UserUpdate,
} from "../../../storage/user-store.js";
import type { UserChange } from "../../../users/user.js";
import {
  applyUserChange,
  emptyRegisters,
  firstRegisters,
  mergeRegisters,
  registersAfter,
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
import { isForgotten, lastDeletion, markDeleted } from "./sqlite-deletions.js";
import { listUsers } from "./sqlite-user-list.js";
import { eraseVisitors, linkVisitorRow, saidByUser, updateVisitor, visitorsOf } from "./sqlite-visitors.js";

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
    merge: async (params) => session.transaction(() => merge(session, params)),
    list: async (params) => listUsers(session, params),
    history: async ({ environment, id }) => {
      const registers = readWithVisitors(session, environment, currentId(session, environment, id));
      return registers === null ? null : toUserHistory(registers);
    },
    markDeleted: async (params) => session.transaction(() => markUserDeleted(session, params)),
    delete: async (params) => session.transaction(() => deleteUser(session, params)),
    updateVisitors: async ({ environment, changes }) =>
      session.transaction(() => changes.map((change) => updateVisitor(session, environment, change, clock.now()))),
  };
}

function merge(session: SqliteSession, { environment, at, ...ids }: MergeUsersParams): UserMerge {
  const from = currentId(session, environment, ids.from);
  const into = currentId(session, environment, ids.into);
  if (from === into) return { status: "merged" };
  const isDeleted = (id: string) =>
    at !== undefined && isForgotten(session, environment, userHash(environment, id), at.getTime());
  if ([ids.from, ids.into, from, into].some(isDeleted)) return { status: "deleted" };
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
  return { status: "merged" };
}

/** The id that the user has now, the one asked for, those that were merged, and anonymous ones. */
function idsOf(session: SqliteSession, { environment, id, at, sparesLater = false }: DeleteUserParams) {
  const now = currentId(session, environment, id);
  const merged = session.all(
    "SELECT id FROM bellwire_merged_users WHERE environment = ? AND merged_into = ?",
    environment,
    toStoredText(now),
  );
  const ids = new Set([now, id, ...merged.map((row) => decodedOf(row, "id"))]);
  const visitors = visitorsOf(session, environment, ids, sparesLater ? at.getTime() : null);
  return { now, visitors, all: new Set([...ids, ...visitors]) };
}

function markUserDeleted(session: SqliteSession, params: DeleteUserParams): readonly string[] {
  const { all } = idsOf(session, params);
  markAll(session, params, all);
  return [...all];
}

function markAll(session: SqliteSession, { environment, at }: DeleteUserParams, ids: ReadonlySet<string>): void {
  for (const id of ids) markDeleted(session, environment, userHash(environment, id), at.getTime());
}

function deleteUser(session: SqliteSession, params: DeleteUserParams): readonly string[] {
  const { environment, at, sparesLater = false } = params;
  const { now, visitors, all } = idsOf(session, params);
  markAll(session, params, all);
  eraseVisitors(session, environment, visitors);
  const known = read(session, environment, now);
  const hasLater = sparesLater && visitorsOf(session, environment, all, null).length > 0;
  const left = sparesLater ? registersAfter(known ?? emptyRegisters, at.getTime(), hasLater) : null;
  if (known !== null && left !== null) {
    write(session, environment, now, left);
    return [];
  }
  session.run(
    "DELETE FROM bellwire_merged_users WHERE environment = ? AND merged_into = ?",
    environment,
    toStoredText(now),
  );
  remove(session, environment, now);
  return known === null ? [] : [...all];
}

function updateOne(session: SqliteSession, environment: string, change: UserChange, now: number): UserUpdate {
  const at = change.at.getTime();
  const deletedAt = lastDeletion(session, environment, userHash(environment, change.id));
  if (deletedAt !== null && at <= deletedAt) return { id: change.id, status: "deleted" };
  const id = currentId(session, environment, change.id);
  const known = read(session, environment, id);
  const updated = applyUserChange(known ?? firstRegisters(at, deletedAt), change);
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

function remove(session: SqliteSession, environment: string, id: string): void {
  session.run("DELETE FROM bellwire_users WHERE environment = ? AND id = ?", environment, toStoredText(id));
}
