import { JSONPath } from "jsonpath-plus";
import { isJsonObject, type JsonValue } from "../core/json.js";

/**
 * Every member of that name at any depth; the only place that calls jsonpath-plus. It is handed a name that the grammar let
 * through, not text, and never evaluates code. The other steps are ours: it reads characters of texts, the `length` of lists, and
 * names such as `*` as syntax.
 */
export function compileDescent(name: string): (root: JsonValue) => readonly JsonValue[] {
  const path = ["$", "..", name];
  return (root) => {
    if (typeof root !== "object" || root === null) return [];
    const found: readonly Found[] = JSONPath({ path, json: root, eval: false, wrap: true, resultType: "all" });
    return found.filter(({ parent }) => isJsonObject(parent)).map(({ value }) => value);
  };
}

interface Found {
  readonly value: JsonValue;
  readonly parent: unknown;
}
