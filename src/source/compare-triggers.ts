import type { EventOutcome } from "../outcome/outcome.js";
import { recipientKeyText } from "../recipients/recipient-key.js";
import type { TriggerDefinition } from "../triggers/trigger-definition.js";
import type { ListEventsOptions, SegmentSource } from "./segment-source.js";

export interface CompareTriggersOptions extends Omit<ListEventsOptions, "limit" | "cursor"> {
  readonly source: Pick<SegmentSource, "events" | "preview">;
  /** @default the source's own */
  readonly current?: readonly TriggerDefinition[];
  readonly proposed: readonly TriggerDefinition[];
  /** Events that are compared at most, newest first. @default 10,000 */
  readonly maxEvents?: number;
  readonly onProgress?: (done: number) => void;
}

/** What changes for one event. */
export interface TriggerDifference {
  readonly messageId: string;
  readonly name: string | null;
  readonly trigger: string;
  /** Who would be notified only with the proposed triggers. */
  readonly added: readonly string[];
  /** Who would be notified only with the current ones. */
  readonly removed: readonly string[];
}

export interface TriggerComparison {
  readonly events: number;
  readonly differences: readonly TriggerDifference[];
}

const pageSize = 200;

/** Who of the stored events' recipients would have been notified before and after a change of triggers. Nothing is written or sent. */
export async function compareTriggers(options: CompareTriggersOptions): Promise<TriggerComparison> {
  const { source, current, proposed, maxEvents = 10_000, onProgress, ...filter } = options;
  const differences: TriggerDifference[] = [];
  let done = 0;
  let cursor: string | undefined;
  do {
    const limit = Math.min(pageSize, maxEvents - done);
    const page = await source.events.list({ ...filter, limit, ...(cursor !== undefined && { cursor }) });
    const payloads = page.items.map(({ record }) => record.payload).filter((payload) => payload !== null);
    const call = { environment: filter.environment, signal: filter.signal };
    const before = await source.preview(payloads, { ...call, ...(current && { triggers: current }) });
    const after = await source.preview(payloads, { ...call, triggers: proposed });
    for (const [index, outcome] of before.events.entries()) differences.push(...differ(outcome, after.events[index]));
    done += page.items.length;
    onProgress?.(done);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && done < maxEvents);
  return { events: done, differences };
}

/** As lines: `+ ada` would be notified in addition, `- grace` no longer. */
export function formatComparison({ events, differences }: TriggerComparison): string {
  const lines = differences.flatMap(({ name, messageId, trigger, added, removed }) => [
    `${name ?? "event"}  ${messageId}  ${trigger}`,
    ...added.map((recipient) => `  + ${recipient}`),
    ...removed.map((recipient) => `  - ${recipient}`),
  ]);
  const changed = new Set(differences.map(({ messageId }) => messageId)).size;
  return [...lines, `${changed} of ${events} events would notify somebody else.`].join("\n");
}

function differ(before: EventOutcome, after: EventOutcome | undefined): readonly TriggerDifference[] {
  const [old, fresh] = [
    notified(before),
    after === undefined ? new Map<string, ReadonlySet<string>>() : notified(after),
  ];
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((trigger) => {
    const [was, is] = [old.get(trigger) ?? new Set<string>(), fresh.get(trigger) ?? new Set<string>()];
    const added = [...is].filter((recipient) => !was.has(recipient));
    const removed = [...was].filter((recipient) => !is.has(recipient));
    if (added.length === 0 && removed.length === 0) return [];
    return [{ messageId: before.messageId, name: before.name, trigger, added, removed }];
  });
}

/** By trigger; a preview leaves what would be sent pending. */
function notified({ triggers }: EventOutcome): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    triggers.map(({ trigger, recipients }) => {
      const told = recipients.filter(
        ({ status }) => status === "pending" || status === "triggered" || status === "held",
      );
      return [trigger, new Set(told.map(({ recipient }) => readable(recipient)))];
    }),
  );
}

function readable(recipient: EventOutcome["triggers"][number]["recipients"][number]["recipient"]): string {
  return typeof recipient === "string" ? recipient : recipientKeyText(recipient).replaceAll("\u0000", "");
}
