import type { EventNameCount } from "./event-name-count.js";
import type { StoredEvent } from "./memory-records.js";
import type { SourceScope } from "./scope.js";

interface NameCount extends SourceScope, Pick<EventNameCount, "type" | "name"> {
  count: number;
  firstSeenMs: number;
  lastSeenMs: number;
}

/** A sender who makes names up must not fill the memory. */
const maxNames = 10_000;

/** The names of events that were received, with counts. */
export class MemoryNames {
  /** By type and then by name: a key made of more would have to be hashed anew each time. A name is one of few sources. */
  readonly #byType = new Map<string, Map<string, NameCount[]>>();
  #size = 0;

  count({ environment, source, event, receivedMs }: StoredEvent): void {
    if (event.type === null || event.status === "invalid") return;
    const { type, name } = event;
    const known = this.#counts(type, name ?? "")?.find(
      (count) => count.source === source && count.environment === environment,
    );
    if (known !== undefined) {
      known.count += 1;
      known.firstSeenMs = Math.min(known.firstSeenMs, receivedMs);
      known.lastSeenMs = Math.max(known.lastSeenMs, receivedMs);
    } else if (this.#size < maxNames) {
      const seen = { firstSeenMs: receivedMs, lastSeenMs: receivedMs };
      this.#add({ environment, source, type, name, count: 1, ...seen });
    }
  }

  /** Most recently seen first. */
  list(environment: string, source: string | undefined): readonly EventNameCount[] {
    const merged = [...this.#byType.values()]
      .flatMap((names) => [...names.values()])
      .flatMap((counts) => mergeCounts(counts, environment, source));
    return merged.sort((left, right) => right.lastSeenAt.getTime() - left.lastSeenAt.getTime());
  }

  #counts(type: string, name: string): NameCount[] | undefined {
    return this.#byType.get(type)?.get(name);
  }

  #add(count: NameCount): void {
    const { type } = count;
    const name = count.name ?? "";
    const names = this.#byType.get(type) ?? new Map<string, NameCount[]>();
    this.#byType.set(type, names);
    names.set(name, [...(names.get(name) ?? []), count]);
    this.#size += 1;
  }
}

/** Of one name: what the wanted sources have of it, in one; nothing where they have none. */
function mergeCounts(
  counts: readonly NameCount[],
  environment: string,
  source: string | undefined,
): readonly EventNameCount[] {
  const wanted = counts.filter(
    (count) => count.environment === environment && (source === undefined || count.source === source),
  );
  const [first, ...others] = wanted;
  return first === undefined ? [] : [toNameCount(others.reduce(addCounts, first))];
}

function addCounts(left: NameCount, right: NameCount): NameCount {
  return {
    ...left,
    count: left.count + right.count,
    firstSeenMs: Math.min(left.firstSeenMs, right.firstSeenMs),
    lastSeenMs: Math.max(left.lastSeenMs, right.lastSeenMs),
  };
}

function toNameCount({ type, name, count, firstSeenMs, lastSeenMs }: NameCount): EventNameCount {
  return { type, name, count, firstSeenAt: new Date(firstSeenMs), lastSeenAt: new Date(lastSeenMs) };
}
