import { configInvalid } from "../core/errors.js";
import type { JsonObject } from "../core/json.js";
import type { TriggerReason } from "../core/reasons.js";
import {
  anything,
  callback,
  checkOptions,
  list,
  number,
  type OptionChecks,
  requireOptions,
} from "../mapping/option-checks.js";
import type { EventOutcome, TriggerOutcome, TriggerStatus } from "../outcome/outcome.js";
import { recipientName } from "../recipients/recipient-key.js";
import { storedPayload } from "../storage/stored-payload.js";
import type { TriggerDefinition } from "../triggers/trigger-definition.js";
import { countEvents } from "./count-events.js";
import { differInFields, type FieldDifference } from "./differ-in-fields.js";
import { eventFilterChecks } from "./event-filter-checks.js";
import type { PreviewedRequest, PreviewOptions } from "./payload-options.js";
import type { ListEventsOptions, SegmentSource } from "./segment-source.js";

export interface CompareTriggersOptions extends Omit<ListEventsOptions, "limit" | "cursor"> {
  readonly source: Pick<SegmentSource, "events" | "preview">;
  /** @default the source's own */
  readonly current?: readonly TriggerDefinition[] | undefined;
  readonly proposed: readonly TriggerDefinition[];
  /** Events that are compared at most, newest first. @default 10,000 */
  readonly maxEvents?: number | undefined;
  /** @param total `null` where it can not be told beforehand */
  readonly onProgress?: ((done: number, total: number | null) => void) | undefined;
}

/** What changes for one event and one trigger. */
export interface TriggerDifference {
  readonly messageId: string;
  readonly name: string | null;
  readonly trigger: string;
  /** Who would be notified only with the proposed triggers. */
  readonly added: readonly string[];
  /** Who would be notified only with the current ones. */
  readonly removed: readonly string[];
  /** What those who are notified either way would be sent differently. */
  readonly changed: readonly FieldDifference[];
  /** What each makes of the event; `null` where there is no such trigger, or it listens to something else. */
  readonly before: TriggerVerdict | null;
  readonly after: TriggerVerdict | null;
}

export interface TriggerVerdict {
  /** `pending` is what a preview says of a run that would be sent. */
  readonly status: TriggerStatus;
  readonly reason?: TriggerReason;
  /** Why, in words. */
  readonly message?: string;
}

export interface TriggerComparison {
  readonly events: number;
  /** Of `events`, those whose payload is not kept; nothing can be said of them. */
  readonly withoutPayload: number;
  readonly differences: readonly TriggerDifference[];
}

const pageSize = 200;

const compareChecks: OptionChecks<CompareTriggersOptions> = {
  source: anything,
  current: list,
  proposed: list,
  maxEvents: number,
  onProgress: callback,
  ...eventFilterChecks,
};

/**
 * Who of the stored events' recipients would have been notified before and after a change of triggers, and what they would have been
 * sent. Nothing is written or sent.
 *
 * @throws `CONFIG_INVALID`, `CONFIG_TRIGGER_*`
 */
export async function compareTriggers(options: CompareTriggersOptions): Promise<TriggerComparison> {
  checkCompareOptions(options);
  const { source, current, proposed, maxEvents = 10_000, onProgress, ...filter } = options;
  const differences: TriggerDifference[] = [];
  const known = onProgress === undefined ? null : await countEvents(source.events, filter);
  const total = known === null ? null : Math.min(known, maxEvents);
  let done = 0;
  let withoutPayload = 0;
  let cursor: string | undefined;
  do {
    const limit = Math.min(pageSize, maxEvents - done);
    const page = await source.events.list({ ...filter, limit, cursor });
    const payloads = page.items.map(({ record }) => storedPayload(record)).filter((payload) => payload !== null);
    withoutPayload += page.items.length - payloads.length;
    const call = { environment: filter.environment, signal: filter.signal };
    const before = await previewed(source, payloads, { ...call, ...(current && { triggers: current }) });
    const after = await previewed(source, payloads, { ...call, triggers: proposed });
    differences.push(...differ(before, after));
    done += page.items.length;
    onProgress?.(done, total);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && done < maxEvents);
  return { events: done, withoutPayload, differences };
}

function checkCompareOptions(options: unknown): void {
  requireOptions(options, "compareTriggers", "{ source, proposed: [] }");
  checkOptions(options, compareChecks, { at: "compareTriggers: " });
  for (const name of ["source", "proposed"]) {
    if (Reflect.get(options, name) === undefined) throw configInvalid(`compareTriggers: ${name}: is missing.`);
  }
}

interface Previewed {
  readonly events: readonly EventOutcome[];
  /** The first request of each event and trigger; the others differ from it in nothing but the recipients. */
  readonly requests: ReadonlyMap<string, PreviewedRequest["request"]>;
}

async function previewed(
  source: Pick<SegmentSource, "preview">,
  payloads: readonly JsonObject[],
  options: PreviewOptions,
): Promise<Previewed> {
  const requests = new Map<string, PreviewedRequest["request"]>();
  const onRequest = ({ messageId, trigger, request }: PreviewedRequest) => {
    const key = requestKey(messageId, trigger);
    if (!requests.has(key)) requests.set(key, request);
  };
  const { events } = await source.preview(payloads, { ...options, onRequest });
  return { events, requests };
}

function requestKey(messageId: string, trigger: string): string {
  return JSON.stringify([messageId, trigger]);
}

function differ(before: Previewed, after: Previewed): readonly TriggerDifference[] {
  return before.events.flatMap((outcome, index) => {
    const [old, fresh] = [byTrigger(outcome), byTrigger(after.events[index])];
    const { messageId, name } = outcome;
    return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((trigger) => {
      const [was, is] = [old.get(trigger), fresh.get(trigger)];
      const [told, tells] = [notified(was), notified(is)];
      const added = [...tells].filter((recipient) => !told.has(recipient));
      const removed = [...told].filter((recipient) => !tells.has(recipient));
      const key = requestKey(messageId, trigger);
      const changed = differInFields(before.requests.get(key), after.requests.get(key));
      if (added.length === 0 && removed.length === 0 && changed.length === 0) return [];
      return [{ messageId, name, trigger, added, removed, changed, before: verdictOf(was), after: verdictOf(is) }];
    });
  });
}

function byTrigger(outcome: EventOutcome | undefined): ReadonlyMap<string, TriggerOutcome> {
  return new Map(outcome?.triggers.map((trigger) => [trigger.trigger, trigger]));
}

function verdictOf(outcome: TriggerOutcome | undefined): TriggerVerdict | null {
  if (outcome === undefined) return null;
  const { status, reason, detail } = outcome;
  return { status, ...(reason && { reason }), ...(detail && { message: detail.message }) };
}

/** A preview leaves what would be sent pending. */
function notified(outcome: TriggerOutcome | undefined): ReadonlySet<string> {
  const told = (outcome?.recipients ?? []).filter(
    ({ status }) => status === "pending" || status === "triggered" || status === "held",
  );
  return new Set(told.map(({ recipient }) => recipientName(recipient)));
}
