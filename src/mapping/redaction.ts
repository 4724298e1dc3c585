import { BellwireError } from "../core/errors.js";
import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.js";
import { parsePath } from "./path-grammar.js";
import type { PathStep } from "./path-step.js";

/** Takes members out of events; the event that is handed in stays as it is. */
export type Redaction = (event: JsonObject) => JsonValue;

/**
 * Compiles paths such as `properties.card.number` or, through lists, `properties.people.email`.
 * @throws `CONFIG_PATH_INVALID`, `CONFIG_INVALID` for `..name` and slices
 */
export function compileRedaction(paths: readonly string[]): Redaction {
  const removals = paths.map(compileRemoval);
  return (event) => removals.reduce<JsonValue>((value, remove) => remove(value), event);
}

/** Copies only what lies on its path. */
type Removal = (value: JsonValue) => JsonValue;

type Step = Extract<PathStep, { readonly kind: "name" | "index" | "all" }>;

function compileRemoval(path: string): Removal {
  const { steps } = parsePath(path, "redact");
  if (!steps.every(isPlain)) {
    const message = `redact: the path ${JSON.stringify(path)} has a ..name or a slice; name what is to be taken out step by step.`;
    throw new BellwireError({ code: "CONFIG_INVALID", message });
  }
  return steps.reduceRight((rest, step) => createRemoval(step, rest), takeOut);
}

function isPlain(step: PathStep): step is Step {
  return step.kind !== "descend" && step.kind !== "slice";
}

/** Stands at the end of a path, where there is nothing more to go into. An object leaves the member out; in a list null stands in its place. */
const takeOut: Removal = () => null;

/** @param rest what is done with what the step leads to */
function createRemoval(step: Step, rest: Removal): Removal {
  const remove: Removal = (value) => {
    if (Array.isArray(value)) return fromList(value, step, rest, remove);
    return isJsonObject(value) ? fromObject(value, step, rest) : value;
  };
  return remove;
}

function fromObject(value: JsonObject, step: Step, rest: Removal): JsonValue {
  if (step.kind === "all") {
    return rest === takeOut
      ? {}
      : Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rest(member)]));
  }
  const name = step.kind === "index" ? String(step.index) : step.name;
  if (!Object.hasOwn(value, name)) return value;
  const { [name]: member = null, ...others } = value;
  return rest === takeOut ? others : { ...value, [name]: rest(member) };
}

/** In the middle of a list nothing can be missing; null keeps the others in their place. A name goes through every element. */
function fromList(list: readonly JsonValue[], step: Step, rest: Removal, again: Removal): JsonValue {
  if (step.kind === "name") return list.map(again);
  if (step.kind === "all") return rest === takeOut ? [] : list.map(rest);
  const at = step.index < 0 ? list.length + step.index : step.index;
  return list.map((element, index) => (index === at ? rest(element) : element));
}
