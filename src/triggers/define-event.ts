import { checkNamedSchema } from "./check-named-schema.js";
import type { StandardSchema } from "./standard-schema.js";

/** A track event by name, with what its `properties` hold. */
export interface EventDefinition<Name extends string = string, Properties = unknown> {
  readonly name: Name;
  readonly schema: StandardSchema<Properties>;
}

/**
 * Defines a track event once, for every trigger that listens to it. Triggers see the schema's output as `properties`, and their
 * paths are checked against it by the compiler.
 *
 * @param schema any Standard Schema (zod, valibot, arktype, …) of `properties`; it must answer synchronously
 * @throws `CONFIG_TRIGGER_INVALID`
 */
export function defineEvent<const Name extends string, Properties>(
  name: Name,
  schema: StandardSchema<Properties>,
): EventDefinition<Name, Properties> {
  checkNamedSchema("defineEvent", { name, schema }, "Segment's track events have a name.");
  return { name, schema };
}
