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
import { MemoryKnown } from "./memory-known.js";
import { MemoryVisitors } from "./memory-visitors.js";
import type { Page } from "./page.js";
import type { ListUsersParams, UserStore, UserUpdate, VisitorUpdate } from "./user-store.js";

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
      merge: async ({ environment, from, into }) =>
        this.#merge(environment, this.#current(environment, from), this.#current(environment, into)),
      list: async (params) => this.#list(params),
      history: async ({ environment, id }) => {
        const current = this.#current(environment, id);
        const registers = this.#in(environment).users.get(current);
        return registers === undefined ? null : toUserHistory(this.#withVisitors(environment, current, registers));
      },
      delete: async ({ environment, id, at }) => this.#delete(environment, id, at.getTime()),
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

  #merge(environment: string, from: string, into: string): void {
    if (from === into) return;
    const { users, merged } = this.#in(environment);
    const moved = users.get(from);
    if (moved !== undefined) users.set(into, mergeRegisters(users.get(into) ?? emptyRegisters, moved));
    users.delete(from);
    for (const id of this.#idsMergedInto(environment, from)) merged.set(id, into);
    merged.set(from, into);
    this.#visitors.move(environment, from, into);
  }

  #idsMergedInto(environment: string, into: string): readonly string[] {
    return [...this.#in(environment).merged].flatMap(([id, current]) => (current === into ? [id] : []));
  }

  #delete(environment: string, id: string, at: number): readonly string[] {
    const { users, merged } = this.#in(environment);
    const current = this.#current(environment, id);
    const ids = [current, ...this.#idsMergedInto(environment, current)];
    const visitors = this.#visitors.erase(environment, [...new Set([id, ...ids])]);
    for (const each of new Set([id, ...ids, ...visitors])) this.#deletions.mark("user", environment, each, at);
    // An anonymous id of theirs may be another id of somebody else's by now.
    for (const each of ids) merged.delete(each);
    return users.delete(current) ? [...new Set([...ids, ...visitors])] : [];
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
    if (this.#deletions.covers("user", environment, change.id, at)) return { id: change.id, status: "deleted" };
    const { users } = this.#in(environment);
    const id = this.#current(environment, change.id);
    const known = users.get(id);
    const updated = applyUserChange(known ?? emptyRegisters, change);
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
