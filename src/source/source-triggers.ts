import { BellwireError } from "../core/errors.js";
import { capabilitiesOf } from "../runner/runner.js";
import { type CompiledTrigger, isActiveByDefinition } from "../triggers/compile-trigger.js";
import type { TriggerDefinition } from "../triggers/trigger-definition.js";
import type { TriggerRegistry } from "../triggers/trigger-registry.js";
import type { OverrideView } from "./overrides.js";
import type { ChangedBy, InEnvironment, SegmentSourceTriggers, TriggerState } from "./segment-source.js";
import { resolveEnvironment, type SourceContext, throwIfAborted } from "./source-context.js";

export function createSourceTriggers(context: SourceContext): SegmentSourceTriggers {
  const { registry, overrides, options } = context;
  return {
    register: (definition) => registerTrigger(context, definition),
    unregister: (key) => registry.unregister(key),
    async list(inEnvironment = {}) {
      throwIfAborted(inEnvironment.signal);
      const environments = environmentsOf(context, inEnvironment.environment);
      const view = await overrides.current();
      return registry.list().map((trigger) => ({
        definition: trigger.definition,
        environments: Object.fromEntries(
          environments.map((environment) => [environment, stateOf(trigger, environment, view)]),
        ),
      }));
    },
    enable: (key, change = {}) => setActive(context, key, true, change),
    disable: (key, change = {}) => setActive(context, key, false, change),
  };

  function environmentsOf({ options: { environments } }: SourceContext, environment: string | undefined) {
    return environment === undefined ? [...environments.keys()] : [resolveEnvironment(options, environment)];
  }

  async function setActive(
    { emitter }: SourceContext,
    key: string,
    active: boolean,
    change: InEnvironment & ChangedBy,
  ): Promise<void> {
    throwIfAborted(change.signal);
    if (registry.get(key) === null) throw unknownTrigger(registry, key);
    const changedBy = change.by ?? null;
    const changedAt = new Date(options.clock.now());
    for (const environment of environmentsOf(context, change.environment)) {
      await overrides.setTrigger({ environment, trigger: key, active, changedBy, changedAt });
      emitter.emit("override", { source: options.key, environment, trigger: key, by: changedBy });
    }
  }
}

export function unknownTrigger(registry: Pick<TriggerRegistry, "list">, key: string): BellwireError {
  const known = registry.list().map((trigger) => trigger.key);
  return new BellwireError({
    code: "CONFIG_TRIGGER_UNKNOWN",
    message: `There is no trigger ${JSON.stringify(key)}; there are: ${known.join(", ")}.`,
  });
}

/** @throws `CONFIG_TRIGGER_INVALID` also where the runner lacks what the trigger needs */
export function registerTrigger(
  { registry, options }: Pick<SourceContext, "registry" | "options">,
  definition: TriggerDefinition,
): void {
  const { runner } = options;
  if (definition.action === "cancel" && runner.cancel === undefined) {
    throw invalid(definition, `the runner can not cancel runs, so action "cancel" is of no use with it.`);
  }
  const { refuses = {} } = capabilitiesOf(runner, definition.workflow);
  for (const field of ["actor", "tenant", "cancellationKey"] as const) {
    if (definition[field] === undefined || refuses[field] === undefined || definition.action === "cancel") continue;
    throw invalid(definition, `${field}: the runner has no place for it. ${refuses[field]}`);
  }
  registry.register(definition);
}

function invalid(definition: TriggerDefinition, message: string): BellwireError {
  const text = `Trigger ${JSON.stringify(definition.key)}: ${message}`;
  return new BellwireError({ code: "CONFIG_TRIGGER_INVALID", message: text });
}

function stateOf(trigger: CompiledTrigger, environment: string, view: OverrideView): TriggerState {
  const override = view.trigger(environment, trigger.key);
  if (override === null)
    return { active: isActiveByDefinition(trigger, environment), changedBy: null, changedAt: null };
  const { active, changedBy, changedAt } = override;
  return { active, changedBy, changedAt };
}
