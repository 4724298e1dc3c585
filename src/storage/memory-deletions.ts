import { hash } from "node:crypto";

export type DeletedKind = "user" | "group";

/** Hashes of what was deleted, and when: all that stays of it. */
export class MemoryDeletions {
  readonly #at = new Map<string, number>();

  /** Nothing was deleted, so nobody need be looked up. */
  get isEmpty(): boolean {
    return this.#at.size === 0;
  }

  mark(kind: DeletedKind, environment: string, id: string, at: number): void {
    const key = hashOf(kind, environment, id);
    this.#at.set(key, Math.max(at, this.#at.get(key) ?? at));
  }

  /** Whether what happened at this time is forgotten. */
  covers(kind: DeletedKind, environment: string, id: string, at: number): boolean {
    const deletedAt = this.last(kind, environment, id);
    return deletedAt !== null && at <= deletedAt;
  }

  /** When it was deleted. */
  last(kind: DeletedKind, environment: string, id: string): number | null {
    return this.#at.size === 0 ? null : (this.#at.get(hashOf(kind, environment, id)) ?? null);
  }

  forget(before: number): void {
    for (const [key, at] of this.#at) {
      if (at < before) this.#at.delete(key);
    }
  }
}

function hashOf(kind: DeletedKind, environment: string, id: string): string {
  return hash("sha256", JSON.stringify([kind, environment, id]));
}
