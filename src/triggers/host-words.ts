import { messageOf } from "../core/errors.js";
import type { JsonObject, JsonValue } from "../core/json.js";

/** What may be kept of an event. */
export type ToShown = (event: JsonObject) => JsonValue;

/** Whether words of the host's code may be kept: they may quote any value of the event, and which one can not be told. */
export function mayQuote(event: JsonObject, toShown: ToShown): boolean {
  return toShown(event) === event;
}

/** @param what was thrown: `The predicate threw` */
export function describeThrown(what: string, error: unknown, quotes: boolean): string {
  return quotes
    ? `${what}: ${messageOf(error)}`
    : `${what}. What it said may quote redacted values, so it is not kept.`;
}

/**
 * Whether nothing was taken out on the way to a value, nor of it.
 * @param shown what may be kept of `whole`, in which everything else is the same
 */
export function isShown(path: readonly PropertyKey[], whole: unknown, shown: unknown): boolean {
  let [value, kept] = [whole, shown];
  for (const key of path) {
    if (value === kept) return true;
    if (!isHolder(value) || !isHolder(kept)) return false;
    [value, kept] = [memberOf(value, key), memberOf(kept, key)];
  }
  return value === kept;
}

function isHolder(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function memberOf(holder: object, key: PropertyKey): unknown {
  return Object.hasOwn(holder, key) ? Reflect.get(holder, key) : undefined;
}
