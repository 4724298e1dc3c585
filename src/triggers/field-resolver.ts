import { messageOf } from "../core/errors.js";
import { type JsonObject, type JsonValue, toPlainJson } from "../core/json.js";
import type { TriggerReason } from "../core/reasons.js";
import { compileMapping } from "../mapping/mapping.js";
import type { MappedPath, UnresolvedPath } from "../mapping/mapping-value.js";

/** Makes one field of a run from an event. */
export interface FieldResolver {
  /** What it reads of the event; nothing is known of a function. */
  readonly paths: readonly MappedPath[];
  /** @throws {FieldFailure} and nothing else */
  resolve(event: JsonObject, unresolved: UnresolvedPath[]): JsonValue | undefined;
}

/** A field that could not be made; caught where the trigger is evaluated. */
export class FieldFailure extends Error {
  readonly reason: TriggerReason;
  readonly field: string;
  readonly facts: JsonObject | undefined;
  constructor(reason: TriggerReason, field: string, message: string, facts?: JsonObject) {
    super(message);
    this.facts = facts;
    this.reason = reason;
    this.field = field;
  }
}

/** @throws `CONFIG_TRIGGER_INVALID`, `CONFIG_PATH_INVALID` */
export function compileField(value: unknown, field: string): FieldResolver {
  if (typeof value !== "function") return compileMapping(value, field);
  const map = toHostFunction(value);
  return {
    paths: [],
    resolve: (event) =>
      toField(
        callHost(() => map(event), field),
        field,
      ),
  };
}

/** A function of the host is typed by the event it was defined for, and is only ever called with such events. */
export function toHostFunction(value: object): (event: JsonObject) => unknown {
  if (typeof value !== "function") throw new TypeError("not a function");
  return (event) => Reflect.apply(value, undefined, [event]);
}

/** Calls a mapping function of the host, which may do anything. */
function callHost(call: () => unknown, field: string): unknown {
  let returned: unknown;
  let promises: readonly Promise<unknown>[];
  try {
    returned = call();
    promises = promisesIn(returned);
  } catch (error) {
    throw new FieldFailure("mapping_failed", field, `The function for ${field} threw: ${messageOf(error)}`);
  }
  if (promises.length === 0) return returned;
  // Nobody will await them; their rejection must not end the process.
  for (const promise of promises) promise.catch(() => undefined);
  const what = returned instanceof Promise ? "a promise" : "something with a promise in it";
  const message = `The function for ${field} returned ${what}. Mapping functions are synchronous: look things up before, or map an id.`;
  throw new FieldFailure("mapping_failed", field, message);
}

const deepest = 64;

/** As JSON a promise is `{}`, which would be sent without a word. */
function promisesIn(value: unknown, seen = new Set<object>(), depth = 0): readonly Promise<unknown>[] {
  if (typeof value !== "object" || value === null || depth > deepest || seen.has(value)) return [];
  seen.add(value);
  if (value instanceof Promise) return [value];
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return [];
  return Object.values(value).flatMap((member) => promisesIn(member, seen, depth + 1));
}

/** What a function returns may be live objects of the host; the plan is JSON and must not change after it is made. */
function toField(returned: unknown, field: string): JsonValue | undefined {
  if (returned === undefined) return undefined;
  const value = toPlainJson(returned);
  if (value === undefined) {
    throw new FieldFailure(
      "mapping_invalid",
      field,
      `The function for ${field} returned something that JSON has no text for.`,
    );
  }
  return value;
}
