import { isJsonObject } from "../core/json.js";
import { ignoreRejection, isPromiseLike } from "../core/promise-like.js";
import { kindOf } from "../segment/kind-of.js";
import type { StandardSchema } from "./standard-schema.js";

export interface ValidationIssue {
  readonly message: string;
  readonly path: readonly PropertyKey[];
}

/** What a schema answers. */
export type Validated =
  | { readonly status: "fits"; readonly value: unknown }
  /** Of many issues the first, and how many there are. */
  | { readonly status: "misfit"; readonly issues: readonly ValidationIssue[]; readonly count: number }
  | { readonly status: "threw"; readonly error: unknown }
  /** How it fails to answer, said of the schema. */
  | { readonly status: "failed"; readonly what: string };

const maxIssues = 20;

/** Never throws, whatever the schema does. */
export function validate(schema: StandardSchema<unknown>, value: unknown): Validated {
  try {
    const result: unknown = schema["~standard"].validate(value);
    if (!isPromiseLike(result)) return readResult(result);
    ignoreRejection(result);
    return { status: "failed", what: "answered with a promise; only synchronous schemas are supported" };
  } catch (error) {
    return { status: "threw", error };
  }
}

function readResult(result: unknown): Validated {
  // With issues arktype answers with an array that has them as a member.
  if (typeof result !== "object" || result === null) {
    return { status: "failed", what: `answered with ${kindOf(result)}, which is not a result of a Standard Schema` };
  }
  const issues: unknown = Reflect.get(result, "issues");
  if (issues === undefined) return { status: "fits", value: Reflect.get(result, "value") };
  const list: readonly unknown[] = Array.isArray(issues) ? issues : [null];
  const read = list.slice(0, maxIssues).map(readIssue);
  const sound = read.filter((issue) => issue !== null);
  if (sound.length === read.length) return { status: "misfit", issues: sound, count: list.length };
  return { status: "failed", what: "answered with issues that are none of a Standard Schema" };
}

function readIssue(issue: unknown): ValidationIssue | null {
  if (!isJsonObject(issue)) return null;
  const message: unknown = issue["message"];
  const path: unknown = issue["path"] ?? [];
  if (typeof message !== "string" || !Array.isArray(path)) return null;
  const keys: readonly unknown[] = path.map((part: unknown) => (isJsonObject(part) ? part["key"] : part));
  return keys.every(isKey) ? { message, path: keys } : null;
}

function isKey(key: unknown): key is PropertyKey {
  return typeof key === "string" || typeof key === "number" || typeof key === "symbol";
}
