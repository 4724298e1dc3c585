import type { SegmentLimits } from "./limits.js";

export type Measure = "fits" | "not_json" | "event_too_deep" | "event_too_large" | "event_too_many_keys";

/**
 * Checks a parsed value against the limits of one event, without recursion and without walking further than the limits allow,
 * so that neither depth nor a cycle can do harm. `not_json`: it holds something that JSON has no word for, such as a `Date`.
 */
export function measureEvent(event: unknown, limits: SegmentLimits): Measure {
  let level: unknown[] = [event];
  let keys = 0;
  let bytes = 0;
  let isJson = true;
  for (let depth = 1; level.length > 0; depth += 1) {
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === "object" && value !== null) {
        if (depth > limits.maxDepth) return "event_too_deep";
        isJson &&= isPlain(value);
        const members = Array.isArray(value) ? value : Object.values(value);
        if (!Array.isArray(value)) {
          keys += members.length;
          bytes += keyBytes(value);
        }
        bytes += members.length + 2;
        if (keys > limits.maxKeys) return "event_too_many_keys";
        if (bytes > limits.maxEventBytes) return "event_too_large";
        for (const member of members) next.push(member);
      } else {
        isJson &&= isScalar(value);
        bytes += scalarBytes(value);
      }
      if (bytes > limits.maxEventBytes) return "event_too_large";
    }
    level = next;
  }
  return isJson ? "fits" : "not_json";
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === null || prototype === Object.prototype) && !("toJSON" in value);
}

function isScalar(value: unknown): boolean {
  return (
    value === null ||
    typeof value === "string" ||
    typeof value === "boolean" ||
    (typeof value === "number" && Number.isFinite(value))
  );
}

function keyBytes(value: object): number {
  let bytes = 0;
  for (const key of Object.keys(value)) bytes += Buffer.byteLength(key) + 3;
  return bytes;
}

function scalarBytes(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value) + 2;
  return typeof value === "number" ? String(value).length : 4;
}
