import { BellwireError } from "../core/errors.js";
import { isJsonObject } from "../core/json.js";
import { findNonJson } from "../mapping/non-json.js";
import { triggerName } from "./trigger-name.js";

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
  const problem = findNonJson(definition, "");
  if (problem !== null) {
    throw invalid(
      which,
      `${problem}. What is stored is JSON: use a path, a directive or a condition, or register the trigger in code`,
    );
  }
  return JSON.stringify(definition);
}

function invalid(which: string, problem: string): BellwireError {
  return new BellwireError({ code: "CONFIG_TRIGGER_INVALID", message: `${which}: ${problem}.` });
}
