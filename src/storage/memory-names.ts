import type { EventNameCount } from "./event-name-count.js";
import type { StoredEvent } from "./memory-records.js";
import type { SourceScope } from "./scope.js";

type NameCount = SourceScope & { -readonly [Name in keyof EventNameCount]: EventNameCount[Name] };

/** A sender who makes names up must not fill the memory. */
const maxNames = 10_000;

/** The names of events that were received, with counts. */
export class MemoryNames {
  /** By type and then by name: a key made of more would have to be hashed anew each time. A name is one of few sources. */
  readonly #byType = new Map<string, Map<string, NameCount[]>>();
  #size = 0;

  count({ environment, source, event }: StoredEvent): void {
    if (event.type === null || event.status === "invalid") return;
    const { receivedAt, type, name } = event;
    const known = this.#counts(type, name ?? "")?.find(
      (count) => count.source === source && count.environment === environment,
    );
    if (known !== undefined) {
      known.count += 1;
      if (receivedAt < known.firstSeenAt) known.firstSeenAt = receivedAt;
      if (receivedAt > known.lastSeenAt) known.lastSeenAt = receivedAt;
    } else if (this.#size < maxNames) {
      const seen = { firstSeenAt: receivedAt, lastSeenAt: receivedAt };
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
  return first === undefined ? [] : [others.reduce<EventNameCount>(addCounts, toCount(first))];
}

function toCount({ type, name, count, firstSeenAt, lastSeenAt }: EventNameCount): EventNameCount {
  return { type, name, count, firstSeenAt, lastSeenAt };
}

function addCounts(left: EventNameCount, right: EventNameCount): EventNameCount {
  return {
    type: left.type,
    name: left.name,
    count: left.count + right.count,
    firstSeenAt: left.firstSeenAt < right.firstSeenAt ? left.firstSeenAt : right.firstSeenAt,
    lastSeenAt: left.lastSeenAt > right.lastSeenAt ? left.lastSeenAt : right.lastSeenAt,
  };
}
