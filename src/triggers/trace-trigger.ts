import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.js";
import type { MappedPath } from "../mapping/mapping-value.js";
import { cutValue } from "../outcome/cut-value.js";
import type { ConditionTrace, PathTrace, TriggerTrace } from "../outcome/trace.js";
import type { CompiledTrigger } from "./compile-trigger.js";
import type { EvaluationStage } from "./trigger-evaluation.js";

export interface TraceOptions {
  /** The event as the trigger's fields saw it. */
  readonly event: JsonObject;
  /** How far the evaluation came. */
  readonly stage: EvaluationStage;
  /** What may be kept of an event. */
  readonly toShown: (event: JsonObject) => JsonValue;
  /** Characters of JSON. */
  readonly allowance: number;
}

const fields = ["actor", "recipients", "tenant", "data", "cancellationKey"] as const;

/**
 * What an evaluation compared and read, put together from the compiled parts that decided it; pure, and done only when somebody
 * reads it or it is stored.
 */
export function traceTrigger(trigger: CompiledTrigger, options: TraceOptions): TriggerTrace {
  const { event, stage, toShown } = options;
  const kept = toShown(event);
  const shown = isJsonObject(kept) ? kept : null;
  const budget = new Budget(options.allowance);
  const condition = traceCondition(trigger, options, shown);
  const fitting = condition === undefined ? undefined : fitCondition(condition, budget);
  const paths: PathTrace[] = [];
  if (stage === "fields") {
    for (const field of fields) {
      for (const path of trigger[field]?.paths ?? []) {
        const traced = tracePath(path, event, shown);
        if (budget.take(traced)) paths.push(traced);
      }
    }
  }
  return {
    ...(fitting && { condition: fitting }),
    paths,
    ...(budget.refused > 0 && { omitted: budget.refused }),
  };
}

function traceCondition(
  { condition, predicate }: CompiledTrigger,
  { event, stage }: TraceOptions,
  shown: JsonObject | null,
): ConditionTrace | undefined {
  if (condition !== null) return condition.trace(event, { shown, findsNearest: true });
  return predicate === null ? undefined : { kind: "function", holds: stage === "fields" };
}

function tracePath({ field, path, fallback }: MappedPath, event: JsonObject, shown: JsonObject | null): PathTrace {
  const found = path.read(event);
  if (found === undefined) {
    const { reached, nearest } = path.explain(event);
    return {
      field,
      path: path.path,
      reached,
      ...(nearest !== null && { nearest }),
      ...(fallback !== undefined && { fallback: cutValue(fallback) }),
    };
  }
  // Mostly an event may be shown as it is.
  const value = shown === event ? found : shown === null ? undefined : path.read(shown);
  return value === undefined ? { field, path: path.path } : { field, path: path.path, value: cutValue(value) };
}

/** The tree as far as there is room for it; a list loses its last parts first. */
function fitCondition(trace: ConditionTrace, budget: Budget): ConditionTrace | undefined {
  switch (trace.kind) {
    case "comparison":
    case "function":
      return budget.take(trace) ? trace : undefined;
    case "not": {
      const part = fitCondition(trace.part, budget);
      return part && { ...trace, part };
    }
    default: {
      const parts = trace.parts.map((part) => fitCondition(part, budget)).filter((part) => part !== undefined);
      return { ...trace, parts };
    }
  }
}

type TracePart = ConditionTrace | PathTrace;

/** What a part is nested in, and the braces around the whole. */
const aroundPart = 40;
const aroundAll = 64;

/** Measures exactly only once the allowance could be used up: nearly every trace is far from it. */
class Budget {
  refused = 0;
  #left: number;
  /** Taken at their largest, as long as there is room for that. */
  #unmeasured: TracePart[] = [];

  constructor(allowance: number) {
    this.#left = allowance - aroundAll;
  }

  take(part: TracePart): boolean {
    const most = largestLength(part) + aroundPart;
    if (most <= this.#left) {
      this.#left -= most;
      this.#unmeasured.push(part);
      return true;
    }
    for (const taken of this.#unmeasured) this.#left += largestLength(taken) - JSON.stringify(taken).length;
    this.#unmeasured = [];
    const length = JSON.stringify(part).length + aroundPart;
    if (length > this.#left) {
      this.refused += 1;
      return false;
    }
    this.#left -= length;
    return true;
  }
}

/** Characters of JSON that a value has at most: every character of a text may be an escape of six. */
function largestLength(value: unknown): number {
  if (typeof value === "string") return value.length * 6 + 2;
  if (typeof value !== "object" || value === null) return 25;
  let length = 2;
  if (Array.isArray(value)) {
    for (const element of value) length += largestLength(element) + 1;
    return length;
  }
  // Without a list of its members, which takes longer to make than to go through.
  for (const key in value) length += key.length * 6 + 4 + largestLength(Reflect.get(value, key));
  return length;
}
