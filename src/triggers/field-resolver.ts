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
  try {
    returned = call();
  } catch (error) {
    throw new FieldFailure("mapping_failed", field, `The function for ${field} threw: ${messageOf(error)}`);
  }
  if (returned instanceof Promise) {
    // Nobody will await it; its rejection must not end the process.
    returned.catch(() => undefined);
    const message = `The function for ${field} returned a promise. Mapping functions are synchronous: look things up before, or map an id.`;
    throw new FieldFailure("mapping_failed", field, message);
  }
  return returned;
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
