import type { AuditEntry, AuditStore } from "./audit-store.js";

interface StoredEntry {
  readonly source: string;
  readonly entry: AuditEntry;
  readonly order: number;
}

/** Entries of all sources, bounded: the oldest go first. */
export class MemoryAudit {
  readonly #maxEntries: number;
  #entries: readonly StoredEntry[] = [];
  #order = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  forget(before: number): void {
    this.#entries = this.#entries.filter(({ entry }) => entry.at.getTime() >= before);
  }

  store(): AuditStore {
    return {
      append: async ({ source, entries }) => {
        const added = entries.map((entry) => {
          this.#order += 1;
          return { source, entry, order: this.#order };
        });
        this.#entries = [...this.#entries, ...added].slice(-this.#maxEntries);
      },
      list: async ({ source, environment, limit, cursor }) => {
        const concerns = ({ entry }: StoredEntry) =>
          environment === undefined || entry.environment === null || entry.environment === environment;
        const found = this.#entries
          .filter((stored) => stored.source === source && concerns(stored))
          .filter(({ order }) => cursor === undefined || order < Number(cursor))
          .reverse();
        const shown = found.slice(0, limit);
        const last = shown.at(-1);
        const nextCursor = last === undefined || found.length <= limit ? null : String(last.order);
        return { items: shown.map(({ entry }) => entry), nextCursor };
      },
    };
  }
}
