import { cutValue } from "../outcome/cut-value.js";
import type { EventOutcome, PayloadResult } from "../outcome/outcome.js";
import type { RunResult } from "../storage/run-store.js";
import type { NewEvent, RecordResult } from "../storage/storage.js";
import type { Dispatched } from "./dispatch-claimed.js";
import { isExpandedRun } from "./expand-members.js";
import type { PayloadItem } from "./plan-payload.js";
import { type RunState, type RunStates, statusWithoutRuns, toEventOutcome } from "./to-event-outcome.js";

export interface RecordedPayload {
  readonly items: readonly PayloadItem[];
  /** The items that are not `repeated`, in their order. */
  readonly events: readonly NewEvent[];
  /** Of `events`, in their order. */
  readonly recorded: readonly RecordResult[];
  readonly dispatched: Dispatched;
  /** Users whose held runs were woken. */
  readonly woken: readonly string[];
  /** In the background nothing gets further by handing the payload in again. */
  readonly isInline: boolean;
}

/** What is answered to whoever handed the payload in; pure. */
export function toPayloadResult({
  items,
  events,
  recorded,
  dispatched: { results, released },
  woken,
  isInline,
}: RecordedPayload): PayloadResult {
  const attempted = findByKey(results);
  const isWoken = (userId: string) => woken.includes(userId);
  let next = 0;
  const outcomes = items.map((item, index): EventOutcome => {
    if (item.kind === "repeated") return repeatedOutcome(item, index, items[item.first]);
    const event = events[next];
    const result = recorded[next];
    next += 1;
    if (event === undefined || result === undefined) throw new RangeError("record answered for too few events");
    const outcome = recordedOutcome(index, event, result, { attempted, isWoken });
    const identity = item.kind === "event" ? item.plan.identity : null;
    // Told to whoever asked, and kept nowhere.
    if (identity?.kind !== "delete" || outcome.status === "duplicate") return outcome;
    return { ...outcome, user: { id: identity.userId, status: "deleted" } };
  });
  const leased = recorded.some((result) => result.status === "leased");
  const pending = results.filter(({ status }) => status === "pending").map(({ idempotencyKey }) => idempotencyKey);
  return { events: outcomes, retryable: isInline && (leased || isAmong([...pending, ...released], recorded)) };
}

type FindResult = (idempotencyKey: string) => RunResult | undefined;

/** They are mostly asked for in the order they stand in: an index is made for whoever asks otherwise. */
function findByKey(results: readonly RunResult[]): FindResult {
  let next = 0;
  let index: ReadonlyMap<string, RunResult> | null = null;
  return (key) => {
    const expected = results[next];
    if (expected?.idempotencyKey === key) {
      next += 1;
      return expected;
    }
    index ??= new Map(results.map((result) => [result.idempotencyKey, result]));
    return index.get(key);
  };
}

/** A run that was held belongs to another event: delivering this one again does nothing for it. */
function isAmong(keys: readonly string[], recorded: readonly RecordResult[]): boolean {
  if (keys.length === 0) return false;
  const own = new Set(recorded.flatMap(({ claimed }) => claimed.map(({ run }) => run.idempotencyKey)));
  return keys.some((key) => own.has(key));
}

type RepeatedItem = PayloadItem & { readonly kind: "repeated" };

function repeatedOutcome({ received, first: place }: RepeatedItem, index: number, item?: PayloadItem): EventOutcome {
  const { messageId, type, name } = received;
  const outcome = {
    index,
    messageId,
    type,
    name,
    status: "duplicate",
    reason: "repeated_in_batch",
    triggers: [],
  } as const;
  const first = item?.kind === "event" ? item.plan.received : item?.kind === "invalid" ? item.invalid : received;
  if (type === first.type && name === first.name) return outcome;
  // No SDK sends that; whoever looks for the event has to be told that it is not the one that was handled.
  const what =
    first.name === null
      ? (first.type ?? "invalid one")
      : `${first.type ?? "event"} ${JSON.stringify(cutValue(first.name))}`;
  const message = `Event ${place} of the payload, the ${what}, has the same messageId, and is the one that was handled. Give each event a messageId of its own.`;
  return { ...outcome, detail: { message } };
}

function recordedOutcome(index: number, event: NewEvent, result: RecordResult, attempts: Attempts): EventOutcome {
  const { messageId, type, name } = event;
  if (result.status === "finished") {
    return { index, messageId, type, name, status: "duplicate", reason: "already_processed", triggers: [] };
  }
  const { stored } = result;
  if (stored === null) return toEventOutcome(index, event, newRuns(event, attempts));
  // The plan that counts is the first one.
  const { reason, decision } = stored;
  const planned = { ...event, status: statusWithoutRuns(stored.status), reason, decision };
  const outcome = toEventOutcome(index, planned, storedRuns(stored.runs, result.claimed, attempts));
  return result.status === "leased" ? { ...outcome, status: "in_progress", reason: "leased_elsewhere" } : outcome;
}

/** Of an event that was just recorded: what nobody made an attempt with is as it was planned. */
function newRuns({ runs }: NewEvent, { attempted, isWoken }: Attempts): RunStates {
  return {
    get(key) {
      const attempt = attempted(key);
      if (attempt !== undefined) return attemptedRun(attempt, 1);
      const hold = runs.find(({ idempotencyKey }) => idempotencyKey === key)?.hold;
      if (hold === undefined) return undefined;
      const status = isWoken(hold.userId) ? "pending" : "held";
      return { idempotencyKey: key, status, attempts: 0, workflowRunId: null, error: null };
    },
  };
}

function storedRuns(stored: readonly RunState[], claimed: RecordResult["claimed"], { attempted }: Attempts): RunStates {
  const states = new Map<string, RunState>();
  for (const run of stored) states.set(run.idempotencyKey, run);
  for (const { run } of claimed) {
    const attempt = attempted(run.idempotencyKey);
    states.set(run.idempotencyKey, attempt === undefined ? run : attemptedRun(attempt, run.attempts + 1));
  }
  return states;
}

function attemptedRun(result: RunResult, attempts: number): RunState {
  const { idempotencyKey, status, workflowRunId, error, durationMs = null } = result;
  const state = { idempotencyKey, status, workflowRunId, error, durationMs, attempts };
  return isExpandedRun(result) ? { ...state, progress: result.progress } : state;
}

interface Attempts {
  readonly attempted: FindResult;
  readonly isWoken: (userId: string) => boolean;
}
