import type { Clock } from "../core/clock.js";
import type { User, UserChange, VisitorChange } from "../users/user.js";
import {
  applyUserChange,
  emptyRegisters,
  firstRegisters,
  mergeRegisters,
  registersAfter,
  toUser,
  toUserHistory,
  type UserRegisters,
} from "../users/user-registers.js";
import type { MemoryDeletions } from "./memory-deletions.js";
import { MemoryKnown } from "./memory-known.js";
import { MemoryVisitors } from "./memory-visitors.js";
import type { Page } from "./page.js";
import type {
  DeleteUserParams,
  ListUsersParams,
  MergeUsersParams,
  UserMerge,
  UserStore,
  UserUpdate,
  VisitorUpdate,
} from "./user-store.js";

/** The users of one environment, by id. */
interface Population {
  readonly users: Map<string, UserRegisters>;
  /** Of ids that were merged: the id that the user has now. */
  readonly merged: Map<string, string>;
}

export class MemoryUsers {
  readonly #maxUsers: number;
  readonly #deletions: MemoryDeletions;
  readonly #populations = new Map<string, Population>();
  readonly #visitors: MemoryVisitors;

  constructor(maxUsers: number, deletions: MemoryDeletions, clock: Clock) {
    this.#maxUsers = maxUsers;
    this.#deletions = deletions;
    this.#visitors = new MemoryVisitors(maxUsers, clock);
  }

  /** Those who were last heard before then, and who were never tied to a user or said nothing that is theirs. */
  forgetVisitors(before: number): void {
    this.#visitors.forget(before);
  }

  store(): Required<UserStore> {
    return {
      update: async ({ environment, changes }) => changes.map((change) => this.#update(environment, change)),
      find: async ({ environment, ids }) => {
        const { users, merged } = this.#in(environment);
        return [...new Set(ids.map((id) => merged.get(id) ?? id))].flatMap((id) => {
          const registers = users.get(id);
          return registers === undefined ? [] : [toUser(id, this.#withVisitors(environment, id, registers))];
        });
      },
      known: async ({ environment, ids }) => {
        const { users, merged } = this.#in(environment);
        return new MemoryKnown(ids, (id) => {
          const current = merged.size === 0 ? id : (merged.get(id) ?? id);
          return users.has(current) ? current : undefined;
        });
      },
      merge: async (params) => this.#mergeUnlessDeleted(params),
      list: async (params) => this.#list(params),
      history: async ({ environment, id }) => {
        const current = this.#current(environment, id);
        const registers = this.#in(environment).users.get(current);
        return registers === undefined ? null : toUserHistory(this.#withVisitors(environment, current, registers));
      },
      markDeleted: async (params) => this.#markDeleted(params),
      delete: async (params) => this.#delete(params),
      updateVisitors: async ({ environment, changes }) =>
        changes.map((change) => this.#updateVisitor(environment, change)),
    };
  }

  #in(environment: string): Population {
    const known = this.#populations.get(environment);
    if (known !== undefined) return known;
    const made: Population = { users: new Map(), merged: new Map() };
    this.#populations.set(environment, made);
    return made;
  }

  /** The id that the user has now. */
  #current(environment: string, id: string): string {
    return this.#in(environment).merged.get(id) ?? id;
  }

  /** With what was said before the sign-in. */
  #withVisitors(environment: string, id: string, registers: UserRegisters): UserRegisters {
    return mergeRegisters(registers, this.#visitors.saidBy(environment, id));
  }

  #mergeUnlessDeleted({ environment, at, ...ids }: MergeUsersParams): UserMerge {
    const [from, into] = [this.#current(environment, ids.from), this.#current(environment, ids.into)];
    const isDeleted = (id: string) => at !== undefined && this.#deletions.covers("user", environment, id, at.getTime());
    if (from !== into && [ids.from, ids.into, from, into].some(isDeleted)) return { status: "deleted" };
    this.#merge(environment, from, into);
    return { status: "merged" };
  }

  #merge(environment: string, from: string, into: string): void {
    if (from === into) return;
    const { users, merged } = this.#in(environment);
    const moved = users.get(from);
    if (moved !== undefined) users.set(into, mergeRegisters(users.get(into) ?? emptyRegisters, moved));
    users.delete(from);
    for (const id of this.idsMergedInto(environment, from)) merged.set(id, into);
    merged.set(from, into);
    this.#visitors.move(environment, from, into);
  }

  /** Other ids of the user who has this one now. */
  idsMergedInto(environment: string, into: string): readonly string[] {
    return [...this.#in(environment).merged].flatMap(([id, current]) => (current === into ? [id] : []));
  }

  /** The id that the user has now, the one asked for, those that were merged, and anonymous ones. */
  #idsOf({ environment, id, at, sparesLater = false }: DeleteUserParams) {
    const current = this.#current(environment, id);
    const ids = [...new Set([current, id, ...this.idsMergedInto(environment, current)])];
    const visitors = this.#visitors.of(environment, ids, sparesLater ? at.getTime() : null);
    return { current, ids, visitors, all: [...new Set([...ids, ...visitors])] };
  }

  #markDeleted(params: DeleteUserParams): readonly string[] {
    const { all } = this.#idsOf(params);
    this.#mark(params, all);
    return all;
  }

  #mark({ environment, at }: DeleteUserParams, ids: readonly string[]): void {
    for (const id of ids) this.#deletions.mark("user", environment, id, at.getTime());
  }

  #delete(params: DeleteUserParams): readonly string[] {
    const { environment, at, sparesLater = false } = params;
    const { current, ids, visitors, all } = this.#idsOf(params);
    this.#mark(params, all);
    this.#visitors.erase(environment, visitors);
    const { users, merged } = this.#in(environment);
    const known = users.get(current);
    if (known !== undefined && sparesLater) {
      const hasLater = this.#visitors.of(environment, all, null).length > 0;
      const left = registersAfter(known, at.getTime(), hasLater);
      if (left !== null) {
        users.set(current, left);
        return [];
      }
    }
    // An anonymous id of theirs may be another id of somebody else's by now.
    for (const each of ids) merged.delete(each);
    users.delete(current);
    return known === undefined ? [] : all;
  }

  #list({ environment, search, limit, cursor }: ListUsersParams): Page<User> {
    const email = search?.toLowerCase();
    const { users } = this.#in(environment);
    const found = [...users]
      .map(([id, registers]) => toUser(id, registers))
      .filter(({ id }) => cursor === undefined || id > cursor)
      .filter((user) => search === undefined || user.id.startsWith(search) || user.email?.toLowerCase() === email)
      .sort((left, right) => (left.id < right.id ? -1 : 1));
    const items = found
      .slice(0, limit)
      .map(({ id }) => toUser(id, this.#withVisitors(environment, id, users.get(id) ?? emptyRegisters)));
    return { items, nextCursor: found.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  #update(environment: string, change: UserChange): UserUpdate {
    const at = change.at.getTime();
    const deletedAt = this.#deletions.last("user", environment, change.id);
    if (deletedAt !== null && at <= deletedAt) return { id: change.id, status: "deleted" };
    const { users } = this.#in(environment);
    const id = this.#current(environment, change.id);
    const known = users.get(id);
    const updated = applyUserChange(known ?? firstRegisters(at, deletedAt), change);
    users.set(id, updated);
    if (users.size > this.#maxUsers) dropOldest(users);
    const hasSaid = change.anonymousId !== undefined && this.#link(environment, change.anonymousId, id, at);
    if (updated === known && !hasSaid) return { id, status: "unchanged" };
    return { id, status: known === undefined ? "created" : "updated" };
  }

  #link(environment: string, anonymousId: string, userId: string, at: number): boolean {
    if (this.#deletions.covers("user", environment, anonymousId, at)) return false;
    return this.#visitors.link(environment, anonymousId, userId, at);
  }

  #updateVisitor(environment: string, change: VisitorChange): VisitorUpdate {
    const { anonymousId, at } = change;
    if (this.#deletions.covers("user", environment, anonymousId, at.getTime()))
      return { status: "deleted", userId: null };
    return this.#visitors.say(environment, change);
  }
}

function dropOldest(users: Map<string, UserRegisters>): void {
  const oldest = users.keys().next();
  if (oldest.done !== true) users.delete(oldest.value);
}
