import { isJsonObject, isUnsafeKey, type JsonObject, type JsonValue } from "../core/json.js";
import { compileDescent } from "./json-path.js";
import { ownMember } from "./own-member.js";
import { type ParsedPath, parsePath, toStep } from "./path-grammar.js";
import type { PathStep } from "./path-step.js";
import { nearestOf } from "./similarity.js";

export interface CompiledPath {
  readonly path: string;
  /** Its steps, if all of them are names. */
  readonly names: readonly string[] | null;
  /** `undefined` when the path leads nowhere; `null` is a value. Never reads inherited properties. */
  read(root: JsonObject): JsonValue | undefined;
  /** How far an unresolved path got. */
  explain(root: JsonObject): PathExplanation;
}

export interface PathExplanation {
  /** The longest part of the path that exists; empty when not even its first step does. */
  readonly reached: string;
  /** The existing path most like the one that was asked for. */
  readonly nearest: string | null;
}

/**
 * Compiles a dot path (`properties.items.0.id`; through an array, `properties.items.id` reads every element) or, when it starts
 * with `$`, a JSONPath. A path to one value reads that value, a path to several reads a list.
 *
 * @param field the mapping field that the path stands in, for the message
 * @throws `CONFIG_PATH_INVALID`
 */
export function compilePath(path: string, field: string): CompiledPath {
  const parsed = parsePath(path, field);
  const names = namesOf(parsed.steps);
  return { path, names, read: compileReader(parsed, names), explain: (root) => explain(path, parsed, root) };
}

function namesOf(steps: readonly PathStep[]): readonly string[] | null {
  const names = steps.flatMap((step) => (step.kind === "name" ? [step.name] : []));
  return names.length === steps.length ? names : null;
}

function compileReader(
  { steps, isJsonPath }: ParsedPath,
  names: readonly string[] | null,
): (root: JsonObject) => JsonValue | undefined {
  if (names !== null) return compileNames(names, (value, from) => readSteps(value, steps, from, !isJsonPath));
  const finders = steps.map(compileFinder);
  const findsSeveral = steps.some((step) => step.kind === "descend" || step.kind === "slice");
  if (findsSeveral || (isJsonPath && !steps.every(isDefinite))) {
    return (root) => {
      let found: readonly JsonValue[] = [root];
      for (const find of finders) found = found.flatMap((value) => find(value, !isJsonPath));
      return found.length === 0 ? undefined : found;
    };
  }
  return (root) => readSteps(root, steps, 0, !isJsonPath);
}

function isDefinite({ kind }: PathStep): boolean {
  return kind === "name" || kind === "index";
}

/** Nearly every path is names only, and nearly every event has objects all the way along it; `rest` reads on where it has a list. */
function compileNames(
  names: readonly string[],
  rest: (value: JsonValue, from: number) => JsonValue | undefined,
): (root: JsonObject) => JsonValue | undefined {
  return (root) => {
    let value: JsonValue | undefined = root;
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index];
      if (name === undefined || !isJsonObject(value)) return Array.isArray(value) ? rest(value, index) : undefined;
      value = ownMember(value, name);
    }
    return value;
  };
}

/** What a step leads to from one value. */
type Finder = (value: JsonValue, spreads: boolean) => readonly JsonValue[];

function compileFinder(step: PathStep): Finder {
  switch (step.kind) {
    case "name":
    case "index":
      return (value, spreads) => {
        const holders = spreads && step.kind === "name" && Array.isArray(value) ? value : [value];
        return holders.map((holder) => readStep(holder, step)).filter((found) => found !== undefined);
      };
    case "all":
      return (value) => (typeof value === "object" && value !== null ? Object.values(value) : []);
    case "slice":
      return (value) => (Array.isArray(value) ? value.slice(step.from ?? 0, step.to ?? value.length) : []);
    case "descend":
      return compileDescent(step.name);
  }
}

function readSteps(root: JsonValue, steps: readonly PathStep[], from: number, spreads: boolean): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (let index = from; index < steps.length; index += 1) {
    const step = steps[index];
    if (step === undefined || value === undefined) return undefined;
    if (Array.isArray(value) && (step.kind === "all" || (step.kind === "name" && spreads))) {
      return readElements(value, steps, step.kind === "all" ? index + 1 : index, spreads);
    }
    value = readStep(value, step);
  }
  return value;
}

function readStep(value: JsonValue, step: PathStep): JsonValue | undefined {
  if (step.kind === "name") return isJsonObject(value) ? ownMember(value, step.name) : undefined;
  if (step.kind === "index") {
    if (Array.isArray(value)) return value.at(step.index);
    return isJsonObject(value) ? ownMember(value, String(step.index)) : undefined;
  }
  return isJsonObject(value) ? Object.values(value) : undefined;
}

/** The rest of the path read from every element; lists that come of it are joined. */
function readElements(
  elements: readonly JsonValue[],
  steps: readonly PathStep[],
  from: number,
  spreads: boolean,
): readonly JsonValue[] | undefined {
  const found: JsonValue[] = [];
  for (const element of elements) {
    const value = readSteps(element, steps, from, spreads);
    if (Array.isArray(value)) {
      for (const inner of value) found.push(inner);
    } else if (value !== undefined) {
      found.push(value);
    }
  }
  return found.length === 0 && elements.length > 0 ? undefined : found;
}

function explain(path: string, parsed: ParsedPath, root: JsonObject): PathExplanation {
  const { steps, ends } = parsed;
  let value: JsonValue = root;
  let reached = "";
  for (const index of steps.keys()) {
    const next = readBeginning(parsed, index + 1, root);
    if (next === undefined) {
      const nearest = nearestStep(value, parsed, index);
      const holder = reached === "" && parsed.isJsonPath ? "$" : reached;
      return { reached, nearest: nearest && (holder === "" ? nearest.replace(/^\./, "") : holder + nearest) };
    }
    reached = path.slice(0, ends[index]);
    value = next;
  }
  return { reached, nearest: null };
}

/** What the first steps lead to. Always from the root: what a step finds in a list depends on the steps before it. */
function readBeginning(parsed: ParsedPath, count: number, root: JsonObject): JsonValue | undefined {
  const steps = parsed.steps.slice(0, count);
  return compileReader({ ...parsed, steps }, namesOf(steps))(root);
}

/** The step, or steps, that may have been meant where one leads nowhere; as they are written behind what exists. */
function nearestStep(value: JsonValue, { steps, isJsonPath }: ParsedPath, index: number): string | null {
  const [step, ...rest] = steps.slice(index);
  if (step === undefined || !("name" in step)) return null;
  const holder = Array.isArray(value) ? value.find(isJsonObject) : value;
  if (!isJsonObject(holder)) return null;
  // Only a dot path goes through a list by itself.
  const isInList = isJsonPath && Array.isArray(value) && steps.slice(0, index).every(isDefinite);
  if (isInList && ownMember(holder, step.name) !== undefined) return `[*]${toStep(step.name)}`;
  const names = Object.keys(holder).filter((name) => !isUnsafeKey(name));
  const nearest = dottedName(names, step.name, rest) ?? nearestOf(step.name, names);
  return nearest && `${isInList ? "[*]" : ""}${toStep(nearest)}`;
}

/** Of a member whose name has dots in it, which somebody wrote as if they were steps. */
function dottedName(names: readonly string[], first: string, rest: readonly PathStep[]): string | undefined {
  let written = first;
  for (const step of rest) {
    if (step.kind !== "name") return undefined;
    written += `.${step.name}`;
    if (names.includes(written)) return written;
  }
  return undefined;
}
