import type { NewEvent, RecordResult } from "../storage/storage.js";
import type { KnownRecipients } from "./known-users.js";
import type { PayloadItem } from "./plan-payload.js";

export interface RecordedPlans {
  readonly events: readonly NewEvent[];
  /** Of `events`, in their order. */
  readonly recorded: readonly RecordResult[];
}

export interface PlansToRecord {
  /** What makes an event each. */
  readonly items: readonly PayloadItem[];
  readonly freeze: (items: readonly PayloadItem[], gone: ReadonlySet<string>) => readonly NewEvent[];
  readonly record: (events: readonly NewEvent[]) => Promise<readonly RecordResult[]>;
  /** Whom the events may assume to be known. */
  readonly recipients: Pick<KnownRecipients, "confirm" | "lookUp">;
}

const nobody: ReadonlySet<string> = new Set();

/**
 * Records events, and those that are refused once more: without naming those who were deleted meanwhile, and without assuming anybody
 * to be known where that was wrong. Each time more of them are known to be gone, so it ends. What was recorded is not frozen again:
 * it is sent as it was recorded.
 */
export async function recordPlans(plans: PlansToRecord): Promise<RecordedPlans> {
  const events = plans.freeze(plans.items, nobody);
  const recorded = await plans.record(events);
  if (recorded.some(isRefused)) return recordAgain(plans, [...events], [...recorded]);
  plans.recipients.confirm();
  return { events, recorded };
}

/** By itself, so that the usual case does not pay for its variables. */
async function recordAgain(
  { items, freeze, record, recipients }: PlansToRecord,
  events: NewEvent[],
  recorded: RecordResult[],
): Promise<RecordedPlans> {
  const gone = new Set<string>();
  for (;;) {
    const refused = recorded.flatMap((result, index) => (isRefused(result) ? [index] : []));
    if (refused.length === 0) break;
    const known = gone.size;
    for (const index of refused) for (const id of recorded[index]?.deleted ?? []) gone.add(id);
    const isWrong = refused.some((index) => recorded[index]?.unknown !== undefined);
    if (gone.size === known && !isWrong) throw new RangeError("record refused events that name nobody who is gone");
    if (isWrong) await recipients.lookUp();
    const again = freeze(
      refused.flatMap((index) => items[index] ?? []),
      gone,
    );
    const results = await record(again);
    for (const [place, index] of refused.entries()) {
      const [event, result] = [again[place], results[place]];
      if (event === undefined || result === undefined) throw new RangeError("record answered for too few events");
      events[index] = event;
      recorded[index] = result;
    }
  }
  recipients.confirm();
  return { events, recorded };
}

function isRefused({ status }: RecordResult): boolean {
  return status === "refused";
}
