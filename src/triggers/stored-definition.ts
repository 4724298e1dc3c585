import { BellwireError } from "../core/errors.js";
import { isJsonObject } from "../core/json.js";
import { triggerName } from "./trigger-name.js";

const maxDepth = 32;

/**
 * The JSON text that a trigger is stored as; members that are `undefined` are left out.
 * @throws `CONFIG_TRIGGER_INVALID` naming the field that is no JSON, such as a function
 */
export function toStoredDefinition(definition: unknown): string {
  if (!isJsonObject(definition)) throw invalid("A trigger", "is not an object");
  const { key, event, typedWorkflow } = definition;
  const which = triggerName(key);
  if (isJsonObject(event) && "schema" in event) {
    throw invalid(which, "event: has a schema, which is code; give the event's name, or register the trigger in code");
  }
  if (typedWorkflow !== undefined) {
    throw invalid(
      which,
      "workflow: has a schema, which is code; name the workflow by a text, or register the trigger in code",
    );
  }
  const problem = findNonJson(definition, "", 0);
  if (problem !== null) throw invalid(which, problem);
  return JSON.stringify(definition);
}

/** What is no JSON, and where; `null` when all is. */
function findNonJson(value: unknown, path: string, depth: number): string | null {
  if (value === null || value === undefined || typeof value === "string" || typeof value === "boolean") return null;
  if (typeof value === "number") return Number.isFinite(value) ? null : `${path}: ${value} is no JSON`;
  if (typeof value === "function") {
    return `${path}: is a function, which can not be stored. Use a path, a directive or a condition, or register the trigger in code`;
  }
  if (typeof value !== "object") return `${path}: a ${typeof value} is no JSON`;
  if (depth > maxDepth) return `${path}: is nested more than ${maxDepth} levels`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    return `${path}: is an instance of a class, which is no JSON`;
  }
  for (const [key, member] of Object.entries(value)) {
    const problem = findNonJson(member, path === "" ? key : `${path}.${key}`, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}

function invalid(which: string, problem: string): BellwireError {
  return new BellwireError({ code: "CONFIG_TRIGGER_INVALID", message: `${which}: ${problem}.` });
}
