import { createHash } from "node:crypto";
import type { UserChange } from "../users/user.js";
import {
  applyUserChange,
  emptyRegisters,
  mergeRegisters,
  toUser,
  type UserRegisters,
} from "../users/user-registers.js";
import type { UserStore, UserUpdate } from "./user-store.js";

/** Users by environment and id, and hashes of the deleted ones. */
export class MemoryUsers {
  readonly #maxUsers: number;
  readonly #users = new Map<string, UserRegisters>();
  /** Of ids that were merged: the id that the user has now. */
  readonly #merged = new Map<string, string>();
  /** Time of deletion by hash. */
  readonly #deleted = new Map<string, number>();

  constructor(maxUsers: number) {
    this.#maxUsers = maxUsers;
  }

  forgetDeleted(before: number): void {
    for (const [hash, at] of this.#deleted) {
      if (at < before) this.#deleted.delete(hash);
    }
  }

  store(): UserStore {
    const users = this.#users;
    return {
      update: async ({ environment, changes }) => changes.map((change) => this.#update(environment, change)),
      find: async ({ environment, ids }) =>
        [...new Set(ids.map((id) => this.#current(environment, id)))].flatMap((id) => {
          const registers = users.get(keyOf(environment, id));
          return registers === undefined ? [] : [toUser(id, registers)];
        }),
      known: async ({ environment, ids }) => {
        const current = ids.map((id) => [id, this.#current(environment, id)] as const);
        return new Map(current.filter(([, id]) => users.has(keyOf(environment, id))));
      },
      merge: async ({ environment, from, into }) =>
        this.#merge(environment, this.#current(environment, from), this.#current(environment, into)),
      delete: async ({ environment, id, at }) => this.#delete(environment, id, at.getTime()),
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
  }

  #idsMergedInto(environment: string, into: string): readonly string[] {
    const prefix = keyOf(environment, "");
    const found = [...this.#merged].filter(([key, id]) => id === into && key.startsWith(prefix));
    return found.map(([key]) => key.slice(prefix.length));
  }

  #delete(environment: string, id: string, at: number): readonly string[] {
    const current = this.#current(environment, id);
    const ids = [current, ...this.#idsMergedInto(environment, current)];
    for (const each of new Set([id, ...ids])) {
      const hash = hashOf(environment, each);
      this.#deleted.set(hash, Math.max(at, this.#deleted.get(hash) ?? at));
      this.#merged.delete(keyOf(environment, each));
    }
    return this.#users.delete(keyOf(environment, current)) ? ids : [];
  }

  #update(environment: string, change: UserChange): UserUpdate {
    if (this.#deleted.size > 0) {
      const deletedAt = this.#deleted.get(hashOf(environment, change.id));
      if (deletedAt !== undefined && change.at.getTime() <= deletedAt) return { id: change.id, status: "deleted" };
    }
    const id = this.#current(environment, change.id);
    const key = keyOf(environment, id);
    const known = this.#users.get(key);
    const updated = applyUserChange(known ?? emptyRegisters, change);
    if (updated === known) return { id, status: "unchanged" };
    this.#users.set(key, updated);
    if (this.#users.size > this.#maxUsers) this.#dropOldest();
    return { id, status: known === undefined ? "created" : "updated" };
  }

  #dropOldest(): void {
    const oldest = this.#users.keys().next();
    if (oldest.done !== true) this.#users.delete(oldest.value);
  }
}

function keyOf(environment: string, id: string): string {
  return `${environment}\u0000${id}`;
}

function hashOf(environment: string, id: string): string {
  return createHash("sha256").update(keyOf(environment, id)).digest("hex");
}
