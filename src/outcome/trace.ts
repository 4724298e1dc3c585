import type { JsonValue } from "../core/json.js";

/** One comparison of `when`, with what it found. */
export interface ComparisonTrace {
  readonly kind: "comparison";
  readonly path: string;
  readonly operator: string;
  /** `null` also for operators that take no value. */
  readonly expected: JsonValue;
  /** Absent where the path leads nowhere. */
  readonly actual?: JsonValue;
  /** There was a value, and such values are not kept. */
  readonly isHidden?: true;
  /** Where the path leads nowhere, and the operator does not ask for just that: the existing path most like it. */
  readonly nearest?: string;
  /** Whether the comparison itself came out true; a `not` around it turns that round. */
  readonly holds: boolean;
}

/** `when` as it is nested, every part of it, also those that no longer mattered. */
export type ConditionTrace =
  | ComparisonTrace
  | { readonly kind: "all" | "any"; readonly parts: readonly ConditionTrace[]; readonly holds: boolean }
  | { readonly kind: "not"; readonly part: ConditionTrace; readonly holds: boolean }
  /** A predicate of the host; what it looked at is not known. */
  | { readonly kind: "function"; readonly holds: boolean };

/** A path of the mapping, with the value it led to or how far it got. */
export interface PathTrace {
  /** Such as `recipients` or `data.title`. */
  readonly field: string;
  readonly path: string;
  /** Absent where the path leads nowhere, and where values are not kept (`redact`, `recordPayload: "none"`). */
  readonly value?: JsonValue;
  /** Only where it leads nowhere: the longest part that exists; empty when not even the first step does. */
  readonly reached?: string;
  /** The existing path most like it. */
  readonly nearest?: string;
  /** What stood in for a value that was not there. */
  readonly fallback?: JsonValue;
}

/** How a trigger came to its decision: what it compared, and what its paths led to. */
export interface TriggerTrace {
  /** Absent without `when`, and where the trigger was left before it. */
  readonly condition?: ConditionTrace;
  /** Empty where the condition did not hold. */
  readonly paths: readonly PathTrace[];
  /** Parts that were left out to keep the trace within `maxTraceLength`. */
  readonly omitted?: number;
}

/** Characters of JSON that the traces of one event take at most, all its triggers together. */
export const maxTraceLength = 16_384;

/** What one trigger's trace may take of `maxTraceLength`; 0 where there are so many that none has room. */
export function traceAllowance(triggers: number): number {
  const share = Math.min(4_096, Math.floor(maxTraceLength / Math.max(1, triggers)));
  return share < 128 ? 0 : share;
}
