import type { JsonObject, JsonValue } from "../core/json.js";
import { toPlainJson } from "../core/json.js";
import type { ReceivedEvent } from "../segment/event.js";
import type { CompiledTrigger } from "./compile-trigger.js";
import type { ConditionFailure } from "./condition.js";
import type { SchemaIssue, SchemaResult } from "./standard-schema.js";
import type { TriggerMiss } from "./trigger-evaluation.js";

/** The event as the trigger's fields see it, or why the trigger does not run. */
export type CheckedEvent = { readonly event: JsonObject } | TriggerMiss;

/** Age, schema and condition, in this order. Never throws. */
export function checkPreconditions(trigger: CompiledTrigger, received: ReceivedEvent, now: number): CheckedEvent {
  const { maxEventAgeMs } = trigger;
  const ageMs = now - received.occurredAt.getTime();
  if (maxEventAgeMs !== null && ageMs > maxEventAgeMs) {
    const message = `The event happened at ${received.occurredAt.toISOString()}, longer ago than the trigger's maxEventAge of ${maxEventAgeMs} ms.`;
    return skipped("event_too_old", message, { ageMs, maxEventAgeMs });
  }
  const checked = trigger.schema === null ? { event: received.event } : applySchema(trigger.schema, received.event);
  return "status" in checked ? checked : (checkCondition(trigger, checked.event) ?? checked);
}

function applySchema(schema: NonNullable<CompiledTrigger["schema"]>, event: JsonObject): CheckedEvent {
  let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>;
  try {
    result = schema["~standard"].validate(event["properties"] ?? {});
  } catch (error) {
    return failed("schema_failed", `The event's schema threw: ${textOf(error)}`);
  }
  if (result instanceof Promise) {
    result.catch(() => undefined);
    return failed(
      "schema_failed",
      "The event's schema answered with a promise; only synchronous schemas are supported.",
    );
  }
  if (result.issues !== undefined) {
    const issues = result.issues.map(({ message, path }) => ({ path: pathText(path), message }));
    const [first] = issues;
    const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
    return skipped(
      "schema_mismatch",
      `The properties do not fit the event's schema: ${first?.path ?? ""}: ${first?.message ?? ""}${more}`,
      { issues },
    );
  }
  // A schema may make dates and the like of what it reads; runs are JSON.
  const properties = toPlainJson(result.value);
  if (properties === undefined)
    return failed("schema_failed", "The schema's output is something that JSON has no text for.");
  return { event: { ...event, properties } };
}

function pathText(path: SchemaIssue["path"]): string {
  const keys = (path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
  return ["properties", ...keys].join(".");
}

function checkCondition(trigger: CompiledTrigger, event: JsonObject): TriggerMiss | null {
  if (trigger.condition !== null) {
    const failures = trigger.condition(event);
    return failures.length === 0
      ? null
      : skipped("condition_false", describeFailures(failures), { conditions: failures.map(toJson) });
  }
  if (trigger.predicate === null) return null;
  let held: unknown;
  try {
    held = trigger.predicate(event);
  } catch (error) {
    return failed("condition_failed", `The predicate threw: ${textOf(error)}`);
  }
  if (held instanceof Promise) {
    held.catch(() => undefined);
    return failed("condition_failed", "The predicate returned a promise; predicates are synchronous.");
  }
  return held ? null : skipped("condition_false", "The predicate answered no.");
}

function toJson({ path, operator, expected, actual, negated }: ConditionFailure): JsonObject {
  return { path, operator, expected, actual, negated };
}

const shownLength = 80;

function describeFailures(failures: readonly ConditionFailure[]): string {
  const show = (value: JsonValue) => {
    const text = JSON.stringify(value);
    return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text;
  };
  const parts = failures.map(({ path, operator, expected, actual, negated }) => {
    const wanted = expected === null ? operator : `${operator} ${show(expected)}`;
    return `${path} is ${show(actual)}, expected ${negated ? "not " : ""}${wanted}`;
  });
  return `${parts.join("; ")}.`;
}

function skipped(reason: TriggerMiss["reason"], message: string, facts?: JsonObject): TriggerMiss {
  return { status: "skipped", reason, detail: { message, ...(facts && { facts }) } };
}

function failed(reason: TriggerMiss["reason"], message: string): TriggerMiss {
  return { status: "failed", reason, detail: { message } };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
