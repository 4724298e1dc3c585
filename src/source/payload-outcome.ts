import type { EventOutcome, PayloadResult } from "../outcome/outcome.js";
import type { RunResult } from "../storage/run-store.js";
import type { NewEvent, RecordResult } from "../storage/storage.js";
import type { Dispatched } from "./dispatch-claimed.js";
import type { PayloadItem } from "./plan-payload.js";
import { type RunState, toEventOutcome } from "./to-event-outcome.js";

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
  const attempted = new Map(results.map((result) => [result.idempotencyKey, result]));
  const isWoken = (userId: string) => woken.includes(userId);
  let next = 0;
  const outcomes = items.map((item, index): EventOutcome => {
    if (item.kind === "repeated") return repeatedOutcome(item, index);
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

/** A run that was held belongs to another event: delivering this one again does nothing for it. */
function isAmong(keys: readonly string[], recorded: readonly RecordResult[]): boolean {
  if (keys.length === 0) return false;
  const own = new Set(recorded.flatMap(({ claimed }) => claimed.map(({ run }) => run.idempotencyKey)));
  return keys.some((key) => own.has(key));
}

function repeatedOutcome(item: PayloadItem & { readonly kind: "repeated" }, index: number): EventOutcome {
  const { messageId, type, name } = item.received;
  return { index, messageId, type, name, status: "duplicate", reason: "repeated_in_batch", triggers: [] };
}

function recordedOutcome(
  index: number,
  event: NewEvent,
  result: RecordResult,
  { attempted, isWoken }: Attempts,
): EventOutcome {
  const { messageId, type, name } = event;
  if (result.status === "finished") {
    return { index, messageId, type, name, status: "duplicate", reason: "already_processed", triggers: [] };
  }
  const states = new Map<string, RunState>();
  for (const run of result.stored?.runs ?? []) states.set(run.idempotencyKey, run);
  for (const { run } of result.claimed) {
    const attempt = attempted.get(run.idempotencyKey);
    states.set(run.idempotencyKey, attempt === undefined ? run : attemptedRun(attempt, run.attempts + 1));
  }
  const stored = result.stored;
  if (stored === null) {
    for (const { idempotencyKey, hold } of event.runs) {
      if (hold === undefined) continue;
      const attempt = attempted.get(idempotencyKey);
      const status = isWoken(hold.userId) ? "pending" : "held";
      const untouched = { idempotencyKey, status, attempts: 0, workflowRunId: null, error: null } as const;
      states.set(idempotencyKey, attempt === undefined ? untouched : attemptedRun(attempt, 1));
    }
  }
  // The plan that counts is the first one. A stored `in_progress` only says that runs are pending, which the runs say again.
  const outcome = toEventOutcome(
    index,
    stored === null ? event : { ...event, ...planOf(stored.status, stored) },
    states,
  );
  return result.status === "leased" ? { ...outcome, status: "in_progress", reason: "leased_elsewhere" } : outcome;
}

function attemptedRun(result: RunResult, attempts: number): RunState {
  const { idempotencyKey, status, workflowRunId, error, durationMs = null } = result;
  return { idempotencyKey, status, workflowRunId, error, durationMs, attempts };
}

interface Attempts {
  readonly attempted: ReadonlyMap<string, RunResult>;
  readonly isWoken: (userId: string) => boolean;
}

function planOf(status: NewEvent["status"] | "in_progress", stored: Pick<NewEvent, "reason" | "decision">) {
  return {
    status: status === "in_progress" ? ("processed" as const) : status,
    reason: stored.reason,
    decision: stored.decision,
  };
}
