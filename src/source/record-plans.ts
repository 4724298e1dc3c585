import type { NewEvent, RecordResult } from "../storage/storage.js";

export interface RecordedPlans {
  readonly events: readonly NewEvent[];
  /** Of `events`, in their order. */
  readonly recorded: readonly RecordResult[];
}

const nobody: ReadonlySet<string> = new Set();

/**
 * Records events, and those that are refused, because somebody whom they name was deleted meanwhile, once more without naming them.
 * Each time more of them are known to be gone, so it ends.
 */
export async function recordPlans(
  freeze: (gone: ReadonlySet<string>) => readonly NewEvent[],
  record: (events: readonly NewEvent[]) => Promise<readonly RecordResult[]>,
): Promise<RecordedPlans> {
  const frozen = freeze(nobody);
  const first = await record(frozen);
  if (!first.some(({ status }) => status === "refused")) return { events: frozen, recorded: first };
  const [events, recorded] = [[...frozen], [...first]];
  const gone = new Set<string>();
  for (;;) {
    const refused = recorded.flatMap(({ status }, index) => (status === "refused" ? [index] : []));
    if (refused.length === 0) return { events, recorded };
    for (const index of refused) for (const id of recorded[index]?.deleted ?? []) gone.add(id);
    const without = freeze(gone);
    const again = refused.flatMap((index) => without[index] ?? []);
    const results = await record(again);
    for (const [place, index] of refused.entries()) {
      const [event, result] = [again[place], results[place]];
      if (event === undefined || result === undefined) throw new RangeError("record answered for too few events");
      events[index] = event;
      recorded[index] = result;
    }
  }
}
