import type { Clock } from "../core/clock.js";
import type { User, UserChange, VisitorChange } from "../users/user.js";
import {
  applyUserChange,
  emptyRegisters,
  mergeRegisters,
  toUser,
  toUserHistory,
  type UserRegisters,
} from "../users/user-registers.js";
import type { MemoryDeletions } from "./memory-deletions.js";
import { MemoryVisitors } from "./memory-visitors.js";
import type { Page } from "./page.js";
import type { ListUsersParams, UserStore, UserUpdate, VisitorUpdate } from "./user-store.js";

/** Users by environment and id. */
export class MemoryUsers {
  readonly #maxUsers: number;
  readonly #deletions: MemoryDeletions;
  readonly #users = new Map<string, UserRegisters>();
  /** Of ids that were merged: the id that the user has now. */
  readonly #merged = new Map<string, string>();
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
    const users = this.#users;
    return {
      update: async ({ environment, changes }) => changes.map((change) => this.#update(environment, change)),
      find: async ({ environment, ids }) =>
        [...new Set(ids.map((id) => this.#current(environment, id)))].flatMap((id) => {
          const registers = users.get(keyOf(environment, id));
          if (registers === undefined) return [];
          return [toUser(id, mergeRegisters(registers, this.#visitors.saidBy(environment, id)))];
        }),
      known: async ({ environment, ids }) => {
        const current = ids.map((id) => [id, this.#current(environment, id)] as const);
        return new Map(current.filter(([, id]) => users.has(keyOf(environment, id))));
      },
      merge: async ({ environment, from, into }) =>
        this.#merge(environment, this.#current(environment, from), this.#current(environment, into)),
      list: async (params) => this.#list(params),
      history: async ({ environment, id }) => {
        const registers = users.get(keyOf(environment, this.#current(environment, id)));
        return registers === undefined ? null : toUserHistory(registers);
      },
      delete: async ({ environment, id, at }) => this.#delete(environment, id, at.getTime()),
      updateVisitors: async ({ environment, changes }) =>
        changes.map((change) => this.#updateVisitor(environment, change)),
    };
  }

  /** The id that the user has now. */
  #current(environment: string, id: string): string {
    return this.#merged.get(keyOf(environment, id)) ?? id;
  }

  #merge(environment: string, from: string, into: string): void {
    if (from === into) return;
    const moved = this.#users.get(keyOf(environment, from));
    const target = keyOf(environment, into);
    if (moved !== undefined) this.#users.set(target, mergeRegisters(this.#users.get(target) ?? emptyRegisters, moved));
    this.#users.delete(keyOf(environment, from));
    for (const id of this.#idsMergedInto(environment, from)) this.#merged.set(keyOf(environment, id), into);
    this.#merged.set(keyOf(environment, from), into);
    this.#visitors.move(environment, from, into);
  }

  #idsMergedInto(environment: string, into: string): readonly string[] {
    const prefix = keyOf(environment, "");
    const found = [...this.#merged].filter(([key, id]) => id === into && key.startsWith(prefix));
    return found.map(([key]) => key.slice(prefix.length));
  }

  #delete(environment: string, id: string, at: number): readonly string[] {
    const current = this.#current(environment, id);
    const ids = [current, ...this.#idsMergedInto(environment, current)];
    const visitors = this.#visitors.erase(environment, [...new Set([id, ...ids])]);
    for (const each of new Set([id, ...ids, ...visitors])) {
      this.#deletions.mark("user", environment, each, at);
      this.#merged.delete(keyOf(environment, each));
    }
    return this.#users.delete(keyOf(environment, current)) ? [...new Set([...ids, ...visitors])] : [];
  }

  #list({ environment, search, limit, cursor }: ListUsersParams): Page<User> {
    const prefix = keyOf(environment, "");
    const email = search?.toLowerCase();
    const found = [...this.#users]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, registers]) => toUser(key.slice(prefix.length), registers))
      .filter(({ id }) => cursor === undefined || id > cursor)
      .filter((user) => search === undefined || user.id.startsWith(search) || user.email?.toLowerCase() === email)
      .sort((left, right) => (left.id < right.id ? -1 : 1));
    const items = found.slice(0, limit);
    return { items, nextCursor: found.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  #update(environment: string, change: UserChange): UserUpdate {
    const at = change.at.getTime();
    if (this.#deletions.covers("user", environment, change.id, at)) return { id: change.id, status: "deleted" };
    const id = this.#current(environment, change.id);
    const key = keyOf(environment, id);
    const known = this.#users.get(key);
    const updated = applyUserChange(known ?? emptyRegisters, change);
    this.#users.set(key, updated);
    if (this.#users.size > this.#maxUsers) this.#dropOldest();
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

  #dropOldest(): void {
    const oldest = this.#users.keys().next();
    if (oldest.done !== true) this.#users.delete(oldest.value);
  }
}

function keyOf(environment: string, id: string): string {
  return `${environment}\u0000${id}`;
}
