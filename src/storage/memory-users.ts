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
        ids.flatMap((id) => {
          const registers = users.get(keyOf(environment, id));
          return registers === undefined ? [] : [toUser(id, registers)];
        }),
      known: async ({ environment, ids }) => new Set(ids.filter((id) => users.has(keyOf(environment, id)))),
      merge: async ({ environment, from, into }) => {
        const moved = users.get(keyOf(environment, from));
        if (moved === undefined || from === into) return;
        users.set(
          keyOf(environment, into),
          mergeRegisters(users.get(keyOf(environment, into)) ?? emptyRegisters, moved),
        );
        users.delete(keyOf(environment, from));
      },
      delete: async ({ environment, id, at }) => {
        this.#deleted.set(hashOf(environment, id), at.getTime());
        return users.delete(keyOf(environment, id));
      },
    };
  }

  #update(environment: string, change: UserChange): UserUpdate {
    const { id } = change;
    if (this.#deleted.size > 0) {
      const deletedAt = this.#deleted.get(hashOf(environment, id));
      if (deletedAt !== undefined && change.at.getTime() <= deletedAt) return { id, status: "deleted" };
    }
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
