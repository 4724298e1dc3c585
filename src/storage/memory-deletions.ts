import { createHash } from "node:crypto";

export type DeletedKind = "user" | "group";

/** Hashes of what was deleted, and when: all that stays of it. */
export class MemoryDeletions {
  readonly #at = new Map<string, number>();

  /** Nothing was deleted, so nobody need be looked up. */
  get isEmpty(): boolean {
    return this.#at.size === 0;
  }

  mark(kind: DeletedKind, environment: string, id: string, at: number): void {
    const hash = hashOf(kind, environment, id);
    this.#at.set(hash, Math.max(at, this.#at.get(hash) ?? at));
  }

  /** Whether what happened at this time is forgotten. */
  covers(kind: DeletedKind, environment: string, id: string, at: number): boolean {
    if (this.#at.size === 0) return false;
    const deletedAt = this.#at.get(hashOf(kind, environment, id));
    return deletedAt !== undefined && at <= deletedAt;
  }

  forget(before: number): void {
    for (const [hash, at] of this.#at) {
      if (at < before) this.#at.delete(hash);
    }
  }
}

function hashOf(kind: DeletedKind, environment: string, id: string): string {
  return createHash("sha256")
    .update(JSON.stringify([kind, environment, id]))
    .digest("hex");
}
