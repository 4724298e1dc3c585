import { isJsonObject, type JsonObject, toPlainJson } from "../core/json.js";
import { kindOf } from "./kind-of.js";
import type { SegmentLimits } from "./limits.js";
import { type Measure, measureEvent } from "./measure.js";
import { Refusal } from "./refusal.js";

/**
 * An element that is within the limits and JSON throughout: itself or, where it holds values such as a `Date`, a plain copy of it.
 */
export function checkLimits(element: JsonObject, limits: SegmentLimits): JsonObject | Refusal {
  const measure = measureEvent(element, limits);
  if (measure === "fits") return element;
  if (measure !== "not_json") return tooMuch(measure, limits);
  const plain = toPlainJson(element);
  if (plain === undefined) return new Refusal("field_invalid", "The event holds values that JSON has no text for.");
  if (!isJsonObject(plain)) return new Refusal("not_an_object", `Expected an event, got ${kindOf(plain)}.`);
  // What a `toJSON` method answers has not been measured.
  const measureOfPlain = measureEvent(plain, limits);
  return measureOfPlain === "fits" || measureOfPlain === "not_json" ? plain : tooMuch(measureOfPlain, limits);
}

function tooMuch(measure: Exclude<Measure, "fits" | "not_json">, limits: SegmentLimits): Refusal {
  switch (measure) {
    case "event_too_deep":
      return new Refusal(measure, `The event is nested more than ${limits.maxDepth} levels deep (limits.maxDepth).`);
    case "event_too_large":
      return new Refusal(measure, `The event has more than ${limits.maxEventBytes} bytes (limits.maxEventBytes).`);
    case "event_too_many_keys":
      return new Refusal(measure, `The event has more than ${limits.maxKeys} keys (limits.maxKeys).`);
  }
}
