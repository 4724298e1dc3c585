import { checkNamedSchema } from "./check-named-schema.js";
import type { StandardSchema } from "./standard-schema.js";

/** A workflow by name, with the data that its runs are started with. */
export interface WorkflowDefinition<Name extends string = string, Data = unknown> {
  readonly name: Name;
  readonly schema: StandardSchema<unknown, Data>;
}

/**
 * Defines a workflow once, for every trigger that starts it: a trigger whose data does not fit does not compile. What the compiler
 * can not see, such as paths into events that are only a name, is checked when the event comes: reason `data_mismatch`.
 *
 * @param schema any Standard Schema (zod, valibot, arktype, …) of a run's `data`; it must answer synchronously, and its output is
 * what the run is started with
 * @throws `CONFIG_TRIGGER_INVALID`
 */
export function defineWorkflow<const Name extends string, Data>(
  name: Name,
  schema: StandardSchema<unknown, Data>,
): WorkflowDefinition<Name, Data> {
  checkNamedSchema("defineWorkflow", { name, schema }, "It is what the runner knows the workflow by.");
  return { name, schema };
}
