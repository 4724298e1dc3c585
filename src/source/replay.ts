import type { Draft } from "../core/draft.js";
import { configInvalid } from "../core/errors.js";
import { isJsonObject, type JsonObject } from "../core/json.js";
import { checkOptions, requireOptions } from "../mapping/option-checks.js";
import type { EventOutcome, PayloadResult } from "../outcome/outcome.js";
import type { EventRecord } from "../storage/storage.js";
import type { InEnvironment } from "./in-environment.js";
import { createPace } from "./pace.js";
import { replayChecks } from "./replay-checks.js";
import { replayMessageId } from "./replay-message-id.js";
import { recordsOf, totalOf } from "./replayed-records.js";
import type { RecordedEvent, ReplayOptions, ReplayResult, SegmentSource } from "./segment-source.js";
import { throwIfAborted } from "./source-context.js";

/** What a replay needs of its source. */
export interface ReplaySource {
  readonly events: SegmentSource["events"];
  readonly now: () => number;
  /** Handles a payload by these triggers alone, or by all. */
  readonly handle: (
    payload: unknown,
    call: InEnvironment,
    triggers: ReplayOptions["triggers"],
  ) => Promise<PayloadResult>;
  /** The same, without writing or sending anything. */
  readonly preview: (
    payload: unknown,
    call: InEnvironment,
    triggers: ReplayOptions["triggers"],
  ) => Promise<PayloadResult>;
  /** When an event of this trigger is too old to be sent; `null` for no limit, or a trigger that is no more. */
  readonly maxEventAgeMs: (trigger: string) => number | null;
  /** @throws `CONFIG_TRIGGER_*` for triggers that `handle` would refuse */
  readonly checkTriggers: (triggers: ReplayOptions["triggers"]) => void;
  /** Writes down that somebody replays, before the first event is handled. */
  readonly audit: (replay: {
    readonly environment: string | undefined;
    readonly subject: string | null;
    readonly by: string | undefined;
    readonly detail: JsonObject;
  }) => Promise<void>;
}

type Totals = Draft<ReplayResult>;

const defaultBatchSize = 50;

/** Handles stored events again, a few at a time, so that it can be stopped and gone on with. */
export async function replayEvents(source: ReplaySource, options: ReplayOptions): Promise<ReplayResult> {
  const { signal, batchSize = defaultBatchSize, eventsPerSecond } = checked(options);
  if (options.mode !== "unfinished") source.checkTriggers(options.triggers);
  const { environment, replayId: subject = null, by, dryRun = false } = options;
  if (!dryRun) await source.audit({ environment, subject, by, detail: describe(options) });
  const total = await totalOf(source.events, options);
  const totals: Totals = { replayed: 0, duplicates: 0, withoutPayload: 0, tooOld: 0, notFound: 0 };
  const size = eventsPerSecond === undefined ? batchSize : Math.max(1, Math.min(batchSize, eventsPerSecond / 10));
  const wait = createPace(eventsPerSecond, signal);
  let done = 0;
  const onMissing = () => {
    totals.notFound += 1;
    done += 1;
  };
  for await (const batch of batches(recordsOf(source, options, onMissing), Math.floor(size))) {
    throwIfAborted(signal);
    const outcomes = await replayBatch(source, batch, options, totals);
    done += batch.length - outcomes.length;
    for (const outcome of outcomes) {
      done += 1;
      options.onProgress?.({ done, total, outcome });
    }
    await wait(batch.length);
  }
  return totals;
}

function checked(options: ReplayOptions): ReplayOptions {
  requireOptions(options, "replay", '{ replayId: "fix-1", name: "Signed Up" }');
  checkOptions(options, replayChecks);
  const { mode = "again", replayId, batchSize = defaultBatchSize, eventsPerSecond = 1 } = options;
  if (mode === "again" && (replayId ?? "") === "") {
    throw configInvalid(
      "replayId: names this replay, and is missing. Without it nobody could tell a second start of it from another replay.",
    );
  }
  if (!Number.isSafeInteger(batchSize) || batchSize < 1)
    throw configInvalid(`batchSize: ${batchSize} is not a whole number above 0.`);
  if (!(eventsPerSecond > 0)) throw configInvalid(`eventsPerSecond: ${eventsPerSecond} is not above 0.`);
  return options;
}

/** What was replayed; users are not named. */
function describe({ mode = "again", triggers, messageIds, ...filter }: ReplayOptions): JsonObject {
  const { type, name, status, reason, receivedFrom, receivedTo } = filter;
  const said = {
    mode,
    type,
    name,
    status,
    reason,
    receivedFrom: receivedFrom?.toISOString(),
    receivedTo: receivedTo?.toISOString(),
    messageIds: messageIds?.length,
    triggers: keysOf(triggers),
  };
  return Object.fromEntries(
    Object.entries(said).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

async function replayBatch(
  source: ReplaySource,
  recorded: readonly RecordedEvent[],
  options: ReplayOptions,
  totals: Totals,
): Promise<readonly EventOutcome[]> {
  const { environment, signal, dryRun = false, mode = "again", triggers } = options;
  const due = mode === "again" ? recorded : withoutOld(recorded, source, triggers, totals);
  const events = due.flatMap(({ record }): readonly JsonObject[] => {
    if (isJsonObject(record.payload)) return [toEvent(record, record.payload, options)];
    totals.withoutPayload += 1;
    return [];
  });
  if (events.length === 0) return [];
  const handle = dryRun ? source.preview : source.handle;
  // What was planned is sent as it was planned, whatever the triggers are now.
  const outcomes =
    dryRun && mode === "unfinished"
      ? due.filter(({ record }) => isJsonObject(record.payload)).map(({ outcome }) => outcome)
      : (await handle(events, { environment, signal }, mode === "again" ? triggers : undefined)).events;
  for (const { status } of outcomes) {
    if (status === "duplicate") totals.duplicates += 1;
    else totals.replayed += 1;
  }
  return outcomes;
}

function keysOf(triggers: ReplayOptions["triggers"]): readonly string[] | undefined {
  return triggers?.map((trigger) => (typeof trigger === "string" ? trigger : trigger.key));
}

/** The events that have pending runs of these triggers, but for those of which one is too old; such runs are counted. */
function withoutOld(
  recorded: readonly RecordedEvent[],
  source: ReplaySource,
  triggers: ReplayOptions["triggers"],
  totals: Totals,
): readonly RecordedEvent[] {
  const keys = keysOf(triggers);
  return recorded.filter(({ record }) => {
    const open = record.runs.filter(({ status, trigger }) => status === "pending" && keys?.includes(trigger) !== false);
    const ageMs = source.now() - record.occurredAt.getTime();
    const old = open.filter(({ trigger }) => ageMs > (source.maxEventAgeMs(trigger) ?? Number.POSITIVE_INFINITY));
    totals.tooOld += old.length;
    return open.length > 0 && old.length === 0;
  });
}

/** Handed in again as it is, an event gets what it was planned; under another id it is a new one. */
function toEvent(
  record: EventRecord,
  payload: JsonObject,
  { mode = "again", replayId = "" }: ReplayOptions,
): JsonObject {
  if (mode === "unfinished") return { ...payload, messageId: record.messageId };
  // What carries no time of its own happened when it was received, and not now.
  const timestamp = record.occurredAt.toISOString();
  return { timestamp, ...payload, messageId: replayMessageId(replayId, record.messageId) };
}

async function* batches<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<readonly Item[]> {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
