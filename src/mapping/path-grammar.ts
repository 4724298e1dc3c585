import { BellwireError } from "../core/errors.js";
import { isUnsafeKey } from "../core/json.js";
import type { PathStep } from "./path-step.js";

export interface ParsedPath {
  /** Whether it started with `$`. */
  readonly isJsonPath: boolean;
  readonly steps: readonly PathStep[];
  /** Where each step ends in the text. */
  readonly ends: readonly number[];
}

const maxLength = 256;
const maxSteps = 32;
const allowed =
  "Allowed are .name, ['quoted name'], [0], [*], [1:3] and at most one ..name; a path that starts with $ is JSONPath, without filters or scripts. " +
  'Text that is no path is written { "@literal": "…" }, and with {{paths}} in it { "@template": "…" }.';

const name = /[\p{L}\p{N}_$-](?:[\p{L}\p{N}_$ -]*[\p{L}\p{N}_$-])?/uy;
const quoted = /(?:'((?:[^'\\]|\\['\\])*)'|"((?:[^"\\]|\\["\\])*)")/y;
const integer = /-?\d{1,9}(?!\d)/y;
const slice = /(-?\d{1,9})?:(-?\d{1,9})?/y;

/**
 * Parses a path by a grammar of our own: what it lets through is safe to hand to jsonpath-plus, whose filters and scripts run code.
 *
 * @param field the mapping field that the path stands in, for the message
 * @throws `CONFIG_PATH_INVALID` pointing at the column
 */
export function parsePath(path: string, field: string): ParsedPath {
  const cursor = new Cursor(path, field);
  if (path.length > maxLength) cursor.fail(maxLength, `has more than ${maxLength} characters`);
  const isJsonPath = path === "$" || path.startsWith("$.") || path.startsWith("$[");
  const steps: PathStep[] = [];
  const ends: number[] = [];
  let descends = 0;
  if (isJsonPath) cursor.position = 1;
  while (cursor.position < path.length) {
    const isFirst = steps.length === 0 && !isJsonPath;
    const step = cursor.step(isFirst);
    if (step.kind === "descend") descends += 1;
    if (descends > 1) cursor.fail(cursor.position, "has more than one ..name");
    // The only name of this grammar that jsonpath-plus takes for syntax.
    if (step.kind === "descend" && step.name === "$") cursor.fail(cursor.position - 1, "descends to the root");
    steps.push(step);
    ends.push(cursor.position);
    if (steps.length > maxSteps) cursor.fail(cursor.position, `has more than ${maxSteps} steps`);
  }
  if (steps.length === 0) cursor.fail(0, isJsonPath ? "names nothing in the event" : "is empty");
  return { isJsonPath, steps, ends };
}

const plainName = new RegExp(`^(?:${name.source})$`, "u");

/** The step to a member as it stands in a path: `.title`, and in quotes what would be read otherwise. */
export function toStep(member: string): string {
  return plainName.test(member) && member !== "$" ? `.${member}` : `['${member.replace(/['\\]/g, "\\$&")}']`;
}

class Cursor {
  position = 0;
  readonly #path: string;
  readonly #field: string;

  constructor(path: string, field: string) {
    this.#path = path;
    this.#field = field;
  }

  step(isFirst: boolean): PathStep {
    if (this.#take("[")) return this.#bracket();
    if (isFirst) return this.#nameStep();
    if (!this.#take(".")) return this.fail(this.position, "is not a step");
    if (this.#take("."))
      return { kind: "descend", name: this.#safe(this.#match(name) ?? this.fail(this.position, "is not a name")) };
    return this.#nameStep();
  }

  fail(at: number, what: string): never {
    const shown = this.#path.slice(0, maxLength + 1);
    throw new BellwireError({
      code: "CONFIG_PATH_INVALID",
      message: `${this.#field}: the path ${JSON.stringify(shown)} ${what} at column ${at + 1}. ${allowed}`,
      details: { field: this.#field, path: shown, column: at + 1 },
    });
  }

  #nameStep(): PathStep {
    if (this.#take("*")) return { kind: "all" };
    const found = this.#match(name) ?? this.fail(this.position, "is not a name");
    return /^(?:0|[1-9]\d{0,8})$/.test(found)
      ? { kind: "index", index: Number(found) }
      : { kind: "name", name: this.#safe(found) };
  }

  #bracket(): PathStep {
    const step = this.#bracketContent();
    if (!this.#take("]")) this.fail(this.position, "is not closed by ]");
    return step;
  }

  #bracketContent(): PathStep {
    if (this.#take("*")) return { kind: "all" };
    const text = this.#match(quoted);
    if (text !== null) return { kind: "name", name: this.#safe(unquote(text)) };
    const range = this.#match(slice);
    if (range !== null) {
      const [from = "", to = ""] = range.split(":");
      return { kind: "slice", from: from === "" ? null : Number(from), to: to === "" ? null : Number(to) };
    }
    const index = this.#match(integer);
    if (index !== null) return { kind: "index", index: Number(index) };
    return this.fail(this.position, "is not an index, a quoted name, * or a slice");
  }

  #safe(found: string): string {
    return isUnsafeKey(found)
      ? this.fail(this.position - found.length, `names ${found}, which could reach a prototype,`)
      : found;
  }

  #take(text: string): boolean {
    if (!this.#path.startsWith(text, this.position)) return false;
    this.position += text.length;
    return true;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.#path)?.[0];
    if (found === undefined) return null;
    this.position += found.length;
    return found;
  }
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}
