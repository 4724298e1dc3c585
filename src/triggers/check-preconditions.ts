import { isJsonObject, type JsonObject, toPlainJson } from "../core/json.js";
import { ignoreRejection, isPromiseLike } from "../core/promise-like.js";
import type { TriggerReason } from "../core/reasons.js";
import type { ReceivedEvent } from "../segment/event.js";
import type { CompiledTrigger } from "./compile-trigger.js";
import { decidingComparisons, describeComparisons } from "./deciding-comparisons.js";
import { describeIssues } from "./describe-issues.js";
import { describeThrown, isShown, mayQuote, type ToShown } from "./host-words.js";
import type { TriggerMiss } from "./trigger-evaluation.js";
import { validate } from "./validate.js";

/** The event as the trigger's fields see it, or why the trigger does not run. */
export type CheckedEvent = { readonly event: JsonObject } | TriggerMiss;

type Miss = Omit<TriggerMiss, "stage" | "event">;

const maxFacts = 8;

/** Age, schema and condition, in this order. Never throws. */
export function checkPreconditions(
  trigger: CompiledTrigger,
  received: ReceivedEvent,
  now: number,
  toShown: ToShown,
): CheckedEvent {
  const { maxEventAgeMs } = trigger;
  const ageMs = now - received.occurredAt.getTime();
  if (maxEventAgeMs !== null && ageMs > maxEventAgeMs) {
    const message = `The event happened at ${received.occurredAt.toISOString()}, longer ago than the trigger's maxEventAge of ${maxEventAgeMs} ms.`;
    return missedAt("event", received.event, skipped("event_too_old", message, { ageMs, maxEventAgeMs }));
  }
  const checked =
    trigger.schema === null ? { event: received.event } : applySchema(trigger.schema, received.event, toShown);
  if ("status" in checked) return missedAt("event", received.event, checked);
  const miss = checkCondition(trigger, checked.event, toShown);
  return miss === null ? checked : missedAt("condition", checked.event, miss);
}

/** Written out, here and below: of the triggers on an event most do not run, and to spread an object takes longer than the rest. */
function missedAt(stage: TriggerMiss["stage"], event: JsonObject, { status, reason, detail }: Miss): TriggerMiss {
  return { status, reason, detail, stage, event };
}

function applySchema(
  schema: NonNullable<CompiledTrigger["schema"]>,
  event: JsonObject,
  toShown: ToShown,
): { readonly event: JsonObject } | Miss {
  const result = validate(schema, event["properties"] ?? {});
  if (result.status === "failed") return failed("schema_failed", `The event's schema ${result.what}.`);
  if (result.status === "threw") {
    const message = describeThrown("The event's schema threw", result.error, mayQuote(event, toShown));
    return failed("schema_failed", message);
  }
  if (result.status === "misfit") {
    const shown = toShown(event);
    const isKept = (path: readonly PropertyKey[]) => isShown(["properties", ...path], event, shown);
    const { text, issues } = describeIssues(result, { root: "properties", isKept });
    return skipped("schema_mismatch", `The properties do not fit the event's schema: ${text}`, { issues });
  }
  // A schema may make dates and the like of what it reads; runs are JSON.
  const properties = toPlainJson(result.value);
  if (properties === undefined)
    return failed("schema_failed", "The schema's output is something that JSON has no text for.");
  return { event: { ...event, properties } };
}

function checkCondition({ condition, predicate }: CompiledTrigger, event: JsonObject, toShown: ToShown): Miss | null {
  if (condition !== null) {
    if (condition.holds(event)) return null;
    const shown = toShown(event);
    const deciding = decidingComparisons(condition.trace(event, { shown: isJsonObject(shown) ? shown : null })).slice(
      0,
      maxFacts,
    );
    const conditions = deciding.map(({ comparison: { path, operator, expected, actual = null }, negated }) => {
      return { path, operator, expected, actual, negated };
    });
    return skipped("condition_false", describeComparisons(deciding), { conditions });
  }
  if (predicate === null) return null;
  try {
    const held = predicate(event);
    if (!isPromiseLike(held)) return held ? null : skipped("condition_false", "The predicate answered no.");
    ignoreRejection(held);
    return failed("condition_failed", "The predicate returned a promise; predicates are synchronous.");
  } catch (error) {
    return failed("condition_failed", describeThrown("The predicate threw", error, mayQuote(event, toShown)));
  }
}

function skipped(reason: TriggerReason, message: string, facts?: JsonObject): Miss {
  return { status: "skipped", reason, detail: facts === undefined ? { message } : { message, facts } };
}

function failed(reason: TriggerReason, message: string): Miss {
  return { status: "failed", reason, detail: { message } };
}
