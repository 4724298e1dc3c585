import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from "../core/json.js";
import { invalidField } from "../mapping/invalid-field.js";
import { requireJson } from "../mapping/non-json.js";
import { compilePath } from "../mapping/path.js";
import { nearestOf } from "../mapping/similarity.js";
import { cutValue } from "../outcome/cut-value.js";
import type { ConditionTrace } from "../outcome/trace.js";
import { parseSegmentTimestamp } from "../segment/timestamp.js";
import { takesNoValue } from "./takes-no-value.js";
import { type Operator, operators } from "./trigger-definition.js";

export interface CompiledCondition {
  holds(event: JsonObject): boolean;
  /** Every comparison with what it found. */
  trace(event: JsonObject, options: ConditionTraceOptions): ConditionTrace;
}

interface ConditionTraceOptions {
  /** What values are shown from: the event, or what may be kept of it. */
  readonly shown: JsonObject | null;
  /** Whether to look for what a path that leads nowhere may have meant, which takes longer than all the rest. @default false */
  readonly findsNearest?: boolean;
}

const maxDepth = 16;
const members: readonly string[] = ["path", "operator", "value"];
const wantsNothing: ReadonlySet<Operator> = new Set(["empty", "not_exists"]);
const takesList: ReadonlySet<Operator> = new Set(["contains_all", "is_one_of"]);

/**
 * Compiles `when`.
 * @throws `CONFIG_TRIGGER_INVALID`, `CONFIG_PATH_INVALID`
 */
export function compileCondition(condition: unknown, field: string): CompiledCondition {
  return compileNode(condition, field, 0);
}

function compileNode(condition: unknown, field: string, depth: number): CompiledCondition {
  if (depth > maxDepth) throw invalidField(field, `is nested more than ${maxDepth} levels deep`);
  if (!isJsonObject(condition))
    throw invalidField(field, "is not a condition; expected { path, operator, value }, { all }, { any } or { not }");
  const [kind, ...others] = Object.keys(condition);
  if (kind !== undefined && others.length === 0) {
    if (kind === "not") return compileNot(compileNode(condition["not"], `${field}.not`, depth + 1));
    if (kind === "all" || kind === "any") {
      const list = condition[kind];
      if (!Array.isArray(list) || list.length === 0)
        throw invalidField(`${field}.${kind}`, "is not a list of conditions");
      return compileList(
        kind,
        list.map((part, index) => compileNode(part, `${field}.${kind}.${index}`, depth + 1)),
      );
    }
  }
  return compileComparison(condition, field);
}

function compileNot(part: CompiledCondition): CompiledCondition {
  return {
    holds: (event) => !part.holds(event),
    trace: (event, options) => ({ kind: "not", part: part.trace(event, options), holds: !part.holds(event) }),
  };
}

function compileList(kind: "all" | "any", parts: readonly CompiledCondition[]): CompiledCondition {
  const holds = (event: JsonObject) => {
    for (const part of parts) if (part.holds(event) !== (kind === "all")) return kind === "any";
    return kind === "all";
  };
  return {
    holds,
    trace: (event, options) => ({ kind, parts: parts.map((part) => part.trace(event, options)), holds: holds(event) }),
  };
}

function compileComparison(condition: JsonObject, field: string): CompiledCondition {
  const { path, operator, value = null } = condition;
  const foreign = Object.keys(condition).find((key) => !members.includes(key));
  if (foreign !== undefined) {
    const nearest = nearestOf(foreign, [...members, "all", "any", "not"]);
    const hint = nearest === null ? "" : `; did you mean ${nearest}?`;
    throw invalidField(field, `has the unknown member ${foreign} beside path, operator and value${hint}`);
  }
  if (typeof path !== "string") throw invalidField(`${field}.path`, "is not a string");
  if (!isOperator(operator)) throw invalidField(`${field}.operator`, describeOperator(operator));
  const hasValue = Object.hasOwn(condition, "value") && condition["value"] !== undefined;
  if (takesNoValue.has(operator) && hasValue)
    throw invalidField(`${field}.value`, `is given, but ${operator} takes none`);
  if (!takesNoValue.has(operator) && !hasValue)
    throw invalidField(`${field}.value`, `is missing; ${operator} needs one`);
  requireJson(value, `${field}.value`);
  if (takesList.has(operator) && !Array.isArray(value))
    throw invalidField(`${field}.value`, `is not a list; ${operator} needs one`);
  if (operator.startsWith("is_timestamp") && parseSegmentTimestamp(value) === null) {
    throw invalidField(`${field}.value`, `is not a timestamp; ${operator} needs one`);
  }
  const compiled = compilePath(path, `${field}.path`);
  const holds = (event: JsonObject) => compare(operator, compiled.read(event), value);
  return {
    holds,
    trace(event, { shown, findsNearest = false }) {
      const found = compiled.read(event);
      const actual = shown === event ? found : shown === null ? undefined : compiled.read(shown);
      const expected = cutValue(value);
      const isHeld = compare(operator, found, value);
      if (actual !== undefined)
        return { kind: "comparison", path, operator, expected, actual: cutValue(actual), holds: isHeld };
      const absent = { kind: "comparison" as const, path, operator, expected, holds: isHeld };
      if (found !== undefined) return { ...absent, isHidden: true };
      const nearest = findsNearest && !wantsNothing.has(operator) ? compiled.explain(event).nearest : null;
      return nearest === null ? absent : { ...absent, nearest };
    },
  };
}

function isOperator(value: unknown): value is Operator {
  return operators.some((operator) => operator === value);
}

function describeOperator(operator: unknown): string {
  const nearest = typeof operator === "string" ? nearestOf(operator, operators) : null;
  const hint = nearest === null ? "" : `did you mean ${nearest}? It `;
  return `${JSON.stringify(operator) ?? "undefined"}: ${hint}is none of ${operators.join(", ")}`;
}

function compare(operator: Operator, actual: JsonValue | undefined, expected: JsonValue): boolean {
  switch (operator) {
    case "equal_to":
      return equal(actual, expected);
    case "not_equal_to":
      return !equal(actual, expected);
    case "greater_than":
      return order(actual, expected) > 0;
    case "greater_than_or_equal_to":
      return order(actual, expected) >= 0;
    case "less_than":
      return order(actual, expected) < 0;
    case "less_than_or_equal_to":
      return order(actual, expected) <= 0;
    case "contains":
      return contains(actual, expected);
    case "not_contains":
      return !contains(actual, expected);
    case "contains_all":
      return Array.isArray(expected) && expected.every((part: JsonValue) => contains(actual, part));
    case "is_one_of":
      return Array.isArray(expected) && expected.some((candidate: JsonValue) => equal(actual, candidate));
    case "empty":
      return isEmpty(actual);
    case "not_empty":
      return !isEmpty(actual);
    case "exists":
      return actual !== undefined;
    case "not_exists":
      return actual === undefined;
    case "is_timestamp_before":
      return time(actual) < time(expected);
    case "is_timestamp_after":
      return time(actual) > time(expected);
  }
}

function equal(left: JsonValue | undefined, right: JsonValue): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || left === null || typeof right !== "object" || right === null) return false;
  return canonicalJson(left) === canonicalJson(right);
}

/** Numbers by size, also when one comes as a text; two texts by their characters; `NaN`, which compares to nothing, otherwise. */
function order(left: JsonValue | undefined, right: JsonValue): number {
  const leftNumber = toNumber(left);
  const rightNumber = toNumber(right);
  if (!Number.isNaN(leftNumber) && !Number.isNaN(rightNumber)) return leftNumber - rightNumber;
  if (typeof left === "string" && typeof right === "string") return left < right ? -1 : left > right ? 1 : 0;
  return Number.NaN;
}

function toNumber(value: JsonValue | undefined): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}

function contains(actual: JsonValue | undefined, part: JsonValue): boolean {
  if (typeof actual === "string") return typeof part === "string" && actual.includes(part);
  return Array.isArray(actual) && actual.some((element: JsonValue) => equal(element, part));
}

function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function time(value: JsonValue | undefined): number {
  return parseSegmentTimestamp(value)?.getTime() ?? Number.NaN;
}
