import { isJsonObject, type JsonObject, type JsonValue, toPlainJson } from "../core/json.js";
import { ignoreRejection, isPromiseLike } from "../core/promise-like.js";
import type { TriggerReason } from "../core/reasons.js";
import { compileMapping } from "../mapping/mapping.js";
import type { MappedPath, UnresolvedPath } from "../mapping/mapping-value.js";
import { describeThrown } from "./host-words.js";

/** Makes one field of a run from an event. */
export interface FieldResolver {
  /** What it reads of the event; nothing is known of a function. */
  readonly paths: readonly MappedPath[];
  /** @throws {FieldFailure} and nothing else */
  resolve(event: JsonObject, unresolved: UnresolvedPath[]): JsonValue | undefined;
}

interface FailureDetail {
  readonly message: string;
  readonly facts?: JsonObject;
}

/** A field that could not be made; caught where the trigger is evaluated. */
export class FieldFailure extends Error {
  readonly reason: TriggerReason;
  readonly field: string;
  /** @param quotes whether words of the host, which may quote the event, are among it */
  readonly describe: (quotes: boolean) => FailureDetail;

  constructor(reason: TriggerReason, field: string, describe: FieldFailure["describe"]) {
    super(reason);
    this.reason = reason;
    this.field = field;
    this.describe = describe;
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
  return (event) => Reflect.apply(value, undefined, [withProperties(event)]);
}

/** The type says that there are properties; senders leave them out, and PHP makes a list of none. */
function withProperties(event: JsonObject): JsonObject {
  return isJsonObject(event["properties"]) ? event : { ...event, properties: {} };
}

/** Calls a mapping function of the host, which may do anything. */
function callHost(call: () => unknown, field: string): unknown {
  let returned: unknown;
  let promises: readonly PromiseLike<unknown>[];
  try {
    returned = call();
    promises = promisesIn(returned);
  } catch (error) {
    throw new FieldFailure("mapping_failed", field, (quotes) => ({
      message: describeThrown(`The function for ${field} threw`, error, quotes),
    }));
  }
  if (promises.length === 0) return returned;
  for (const promise of promises) ignoreRejection(promise);
  const what = promises[0] === returned ? "a promise" : "something with a promise in it";
  const message = `The function for ${field} returned ${what}. Mapping functions are synchronous: look things up before, or map an id.`;
  throw new FieldFailure("mapping_failed", field, () => ({ message }));
}

const deepest = 64;

/** As JSON a promise is `{}`, which would be sent without a word. */
function promisesIn(value: unknown, seen = new Set<object>(), depth = 0): readonly PromiseLike<unknown>[] {
  if (typeof value !== "object" || value === null || depth > deepest || seen.has(value)) return [];
  seen.add(value);
  if (isPromiseLike(value)) return [value];
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return [];
  return Object.values(value).flatMap((member) => promisesIn(member, seen, depth + 1));
}

/** What a function returns may be live objects of the host; the plan is JSON and must not change after it is made. */
function toField(returned: unknown, field: string): JsonValue | undefined {
  if (returned === undefined) return undefined;
  const value = toPlainJson(returned);
  if (value === undefined) {
    const message = `The function for ${field} returned something that JSON has no text for.`;
    throw new FieldFailure("mapping_invalid", field, () => ({ message }));
  }
  return value;
}
