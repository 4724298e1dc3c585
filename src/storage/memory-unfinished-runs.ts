import type { StoredRun } from "./memory-records.js";

/**
 * Runs that may still change. Every run is among them for a moment, and to hash its key for a map would take longer than all else about
 * keeping it: hence a list, in which each run knows its place.
 */
export class MemoryUnfinishedRuns {
  /** In no order. */
  readonly #runs: StoredRun[] = [];
  readonly #byFence = new Map<number, StoredRun>();
  /** Counted over all runs, so that a fence alone says which run was leased. */
  #lastFence = 0;

  add(run: StoredRun): void {
    run.place = this.#runs.length;
    this.#runs.push(run);
  }

  remove(run: StoredRun): void {
    if (this.#runs[run.place] !== run) return;
    this.#byFence.delete(run.fence);
    const last = this.#runs.pop();
    if (last === undefined || last === run) return;
    this.#runs[run.place] = last;
    last.place = run.place;
  }

  lease(run: StoredRun): number {
    this.#byFence.delete(run.fence);
    this.#lastFence += 1;
    run.fence = this.#lastFence;
    this.#byFence.set(run.fence, run);
    return run.fence;
  }

  leased(idempotencyKey: string, fence: number): StoredRun | null {
    const run = this.#byFence.get(fence);
    return run?.idempotencyKey === idempotencyKey ? run : null;
  }

  find(idempotencyKeys: readonly string[]): readonly StoredRun[] {
    const wanted = new Set(idempotencyKeys);
    const found = new Map<string, StoredRun>();
    for (const run of this.#runs) if (wanted.has(run.idempotencyKey)) found.set(run.idempotencyKey, run);
    return [...wanted].flatMap((key) => found.get(key) ?? []);
  }

  pending(): StoredRun[] {
    return this.#runs.filter(({ status }) => status === "pending");
  }
}
