import type { TriggerDefinition } from "../triggers/trigger-definition.js";
import { createTriggerRegistry } from "../triggers/trigger-registry.js";
import type { SourceContext } from "./source-context.js";
import { registerTrigger, unknownTrigger } from "./source-triggers.js";

/**
 * The source with these triggers alone: keys of its own, or definitions. All of its own when none are named.
 * @throws `CONFIG_TRIGGER_UNKNOWN`, and what registering a definition throws
 */
export function withTriggers(
  context: SourceContext,
  triggers: readonly (string | TriggerDefinition)[] | undefined,
): SourceContext {
  if (triggers === undefined) return context;
  const registry = createTriggerRegistry(context.options.workflows);
  for (const trigger of triggers) {
    registerTrigger({ ...context, registry }, typeof trigger === "string" ? definitionOf(context, trigger) : trigger);
  }
  return { ...context, registry };
}

function definitionOf({ registry }: SourceContext, key: string): TriggerDefinition {
  const known = registry.get(key);
  if (known === null) throw unknownTrigger(registry.list(), key);
  return known.definition;
}
