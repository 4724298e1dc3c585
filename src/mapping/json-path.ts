import { JSONPath } from "jsonpath-plus";
import type { JsonObject, JsonValue } from "../core/json.js";
import type { PathStep } from "./path-step.js";

/**
 * Compiles a path that can lead to several values; the only place that calls jsonpath-plus. It is handed steps, not text, so that
 * nothing reaches it that the grammar did not allow, and it never evaluates code.
 */
export function compileJsonPath(steps: readonly PathStep[]): (root: JsonObject) => readonly JsonValue[] {
  const path = ["$", ...steps.flatMap(toTokens)];
  return (root) => {
    const found: readonly JsonValue[] = JSONPath({ path, json: root, eval: false, wrap: true });
    return found;
  };
}

function toTokens(step: PathStep): readonly string[] {
  switch (step.kind) {
    case "name":
      return [step.name];
    case "index":
      // jsonpath-plus knows negative positions in slices only.
      return [step.index < 0 ? `${step.index}:${step.index === -1 ? "" : step.index + 1}` : String(step.index)];
    case "all":
      return ["*"];
    case "slice":
      return [`${step.from ?? ""}:${step.to ?? ""}`];
    case "descend":
      return ["..", step.name];
  }
}

/** Whether a step's name would mean something else to jsonpath-plus. */
export function isPlainStepName(name: string): boolean {
  return name !== "$" && !/[*^~@`?(),:'"\\]/.test(name) && !name.includes("..");
}
