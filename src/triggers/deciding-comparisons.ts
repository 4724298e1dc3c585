import type { JsonValue } from "../core/json.js";
import type { ComparisonTrace, ConditionTrace } from "../outcome/trace.js";
import { takesNoValue } from "./takes-no-value.js";

/** A comparison because of which a condition does not hold. */
export interface DecidingComparison {
  readonly comparison: ComparisonTrace;
  /** The comparison held, and the condition wants that it does not. */
  readonly negated: boolean;
}

/** Of a condition that does not hold, the comparisons that decided; none of one that holds. */
export function decidingComparisons(trace: ConditionTrace, negated = false): readonly DecidingComparison[] {
  if (trace.holds !== negated) return [];
  switch (trace.kind) {
    case "function":
      return [];
    case "comparison":
      return [{ comparison: trace, negated }];
    case "not":
      return decidingComparisons(trace.part, !negated);
    default: {
      const failures = trace.parts.map((part) => decidingComparisons(part, negated)).filter(({ length }) => length > 0);
      // not (a and b) is (not a) or (not b): where all have to hold, the first that does not decides.
      return (trace.kind === "all") === !negated ? (failures[0] ?? []) : failures.flat();
    }
  }
}

const shownLength = 80;

/** `properties.plan is "pro", expected equal_to "free"`, for each. */
export function describeComparisons(comparisons: readonly DecidingComparison[]): string {
  return `${comparisons.map(describe).join("; ")}.`;
}

function describe({ comparison, negated }: DecidingComparison): string {
  const { path, operator, expected, actual, isHidden } = comparison;
  const wanted = takesNoValue.has(operator) ? operator : `${operator} ${show(expected)}`;
  const found = isHidden ? "not kept" : actual === undefined ? "not in the event" : show(actual);
  return `${path} is ${found}, expected ${negated ? "not " : ""}${wanted}`;
}

function show(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text;
}
