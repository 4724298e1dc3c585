/**
 * Who is known among ids, looked up when it is asked for: most callers ask of each id once, and the users stand in a map already, so
 * another one of ten thousand recipients would be for nothing. It answers as of the moment at which it is asked.
 */
export class MemoryKnown implements ReadonlyMap<string, string> {
  readonly #ids: readonly string[];
  readonly #find: (id: string) => string | undefined;

  /** @param find the id that the user has now */
  constructor(ids: readonly string[], find: (id: string) => string | undefined) {
    this.#ids = ids;
    this.#find = find;
  }

  /** Of the ids that were asked about; of others nobody asks. */
  get(id: string): string | undefined {
    return this.#find(id);
  }

  has(id: string): boolean {
    return this.#find(id) !== undefined;
  }

  get size(): number {
    return this.#toMap().size;
  }

  forEach(call: (value: string, key: string, map: ReadonlyMap<string, string>) => void): void {
    for (const [key, value] of this.#toMap()) call(value, key, this);
  }

  entries(): MapIterator<[string, string]> {
    return this.#toMap().entries();
  }

  keys(): MapIterator<string> {
    return this.#toMap().keys();
  }

  values(): MapIterator<string> {
    return this.#toMap().values();
  }

  [Symbol.iterator](): MapIterator<[string, string]> {
    return this.entries();
  }

  #toMap(): ReadonlyMap<string, string> {
    const known = new Map<string, string>();
    for (const id of this.#ids) {
      const current = this.#find(id);
      if (current !== undefined) known.set(id, current);
    }
    return known;
  }
}
