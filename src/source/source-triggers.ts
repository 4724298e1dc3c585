import { BellwireError } from "../core/errors.js";
import { isJsonObject } from "../core/json.js";
import { nearestOf } from "../mapping/similarity.js";
import { capabilitiesOf } from "../runner/runner.js";
import { type CompiledTrigger, compileTrigger, isActiveByDefinition } from "../triggers/compile-trigger.js";
import { toStoredDefinition } from "../triggers/stored-definition.js";
import type { TriggerDefinition } from "../triggers/trigger-definition.js";
import { checkCall } from "./check-call.js";
import type { ChangedBy, InEnvironment } from "./in-environment.js";
import type { OverrideView } from "./overrides.js";
import type { SegmentSourceTriggers, TriggerListing, TriggerState } from "./segment-source.js";
import { audit } from "./source-audit.js";
import { resolveEnvironment, type SourceContext, throwIfAborted } from "./source-context.js";

export function createSourceTriggers(context: SourceContext): SegmentSourceTriggers {
  const { registry, stored, overrides, options } = context;
  return {
    register(definition) {
      const key: unknown = Reflect.get(Object(definition), "key");
      if (typeof key === "string" && stored.get(key) !== null) {
        checkTrigger(context, definition);
        stored.giveWay(key);
      }
      registerTrigger(context, definition);
    },
    unregister(key) {
      const trigger = registry.get(key);
      return trigger !== null && !stored.includes(trigger) && registry.unregister(key);
    },
    async list(inEnvironment = {}) {
      checkCall("triggers.list", { call: inEnvironment });
      throwIfAborted(inEnvironment.signal);
      const environments = environmentsOf(context, inEnvironment.environment);
      const view = await overrides.latest();
      return listAll(context, environments, view);
    },
    enable: (key, change = {}) => setActive(context, key, true, change),
    disable: (key, change = {}) => setActive(context, key, false, change),
    async save(definition, call = {}) {
      checkCall("triggers.save", { call });
      const { by = null, signal } = call;
      throwIfAborted(signal);
      const text = toStoredDefinition(definition);
      const trigger = checkTrigger(context, JSON.parse(text));
      const { key } = trigger;
      const registered = registry.get(key);
      if (registered !== null && !stored.includes(registered)) throw duplicateOfCode(key);
      await overrides.save({ key, definition: text, savedBy: by, savedAt: new Date(options.clock.now()) });
      announce(context, key, by);
      const { workflow, type, name } = trigger;
      const detail = { workflow, type, name, replaced: registered !== null };
      await audit(context, { action: "trigger_saved", subject: key, environments: [null], by, detail });
    },
    async remove(key, call = {}) {
      checkCall("triggers.remove", { ids: { key }, call });
      const { by = null, signal } = call;
      throwIfAborted(signal);
      const removed = await overrides.remove(key);
      if (!removed) return false;
      announce(context, key, by);
      await audit(context, { action: "trigger_removed", subject: key, environments: [null], by });
      return true;
    },
  };
}

function environmentsOf({ options }: SourceContext, environment: string | undefined): readonly string[] {
  return environment === undefined ? [...options.environments.keys()] : [resolveEnvironment(options, environment)];
}

function announce({ options, emitter }: SourceContext, trigger: string, by: string | null): void {
  for (const environment of options.environments.keys())
    emitter.emit("override", { source: options.key, environment, trigger, by });
}

function listAll(
  { registry, stored }: SourceContext,
  environments: readonly string[],
  view: OverrideView,
): readonly TriggerListing[] {
  const statesOf = (state: (environment: string) => TriggerState) =>
    Object.fromEntries(environments.map((environment) => [environment, state(environment)]));
  const ofCode = registry.list().filter((trigger) => !stored.includes(trigger));
  return [
    ...ofCode.map((trigger): TriggerListing => {
      const { key, definition } = trigger;
      const environments = statesOf((environment) => stateOf(key, environment, view, trigger));
      return { key, definition, origin: "code", savedBy: null, savedAt: null, problem: null, environments };
    }),
    ...stored.list().map(({ record, definition, compiled, problem }): TriggerListing => {
      const { key, savedBy, savedAt } = record;
      const environments = statesOf((environment) => stateOf(key, environment, view, compiled));
      return { key, definition, origin: "stored", savedBy, savedAt, problem, environments };
    }),
  ];
}

async function setActive(
  context: SourceContext,
  key: string,
  active: boolean,
  change: InEnvironment & ChangedBy,
): Promise<void> {
  const { registry, stored, overrides, options, emitter } = context;
  checkCall(active ? "triggers.enable" : "triggers.disable", { call: change });
  throwIfAborted(change.signal);
  const isKnown = () => registry.get(key) !== null || stored.get(key) !== null;
  // Another process may have stored it a moment ago.
  if (!isKnown()) await overrides.latest();
  if (!isKnown()) throw unknownTrigger([...registry.list(), ...stored.list().map(({ record }) => record)], key);
  const changedBy = change.by ?? null;
  const changedAt = new Date(options.clock.now());
  const environments = environmentsOf(context, change.environment);
  for (const environment of environments) {
    await overrides.setTrigger({ environment, trigger: key, active, changedBy, changedAt });
    emitter.emit("override", { source: options.key, environment, trigger: key, by: changedBy });
  }
  const action = active ? "trigger_enabled" : "trigger_disabled";
  await audit(context, { action, subject: key, environments, by: changedBy });
}

export function unknownTrigger(triggers: readonly { readonly key: string }[], key: string): BellwireError {
  const known = new Set(triggers.map((trigger) => trigger.key));
  return new BellwireError({
    code: "CONFIG_TRIGGER_UNKNOWN",
    message: `There is no trigger ${JSON.stringify(key)}; there ${known.size === 0 ? "are none" : `are: ${[...known].join(", ")}`}.`,
  });
}

/** @throws `CONFIG_TRIGGER_INVALID` also where the source or its runner lacks what the trigger needs */
export function registerTrigger(
  context: Pick<SourceContext, "registry" | "options">,
  definition: TriggerDefinition,
): CompiledTrigger {
  checkSurroundings(context.options, definition);
  return context.registry.register(definition);
}

function checkTrigger({ options }: SourceContext, definition: TriggerDefinition): CompiledTrigger {
  const trigger = compileTrigger(definition, options.workflows);
  checkSurroundings(options, definition);
  return trigger;
}

function checkSurroundings(options: SourceContext["options"], definition: TriggerDefinition): void {
  // What has no such form at all is refused by name where it is compiled.
  if (!isJsonObject(definition) || typeof definition.workflow !== "string") return;
  checkEnvironments(options, definition);
  checkRunner(options, definition);
}

/** A trigger that is switched off in an environment that there is not would be on where it was meant to be off. */
function checkEnvironments(
  { namedEnvironments: known }: SourceContext["options"],
  definition: TriggerDefinition,
): void {
  if (known === null || !isJsonObject(definition.active)) return;
  const unknown = Object.keys(definition.active).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const nearest = nearestOf(unknown, known);
  const hint = nearest === null ? "" : ` Did you mean ${nearest}?`;
  throw invalid(definition, `active.${unknown}: is not an environment.${hint} There are: ${known.join(", ")}.`);
}

function checkRunner({ runner }: SourceContext["options"], definition: TriggerDefinition): void {
  const { refuses = {}, cancels = true } = capabilitiesOf(runner, definition.workflow);
  if (definition.action === "cancel" && (runner.cancel === undefined || !cancels)) {
    throw invalid(definition, `the runner can not cancel runs, so action "cancel" is of no use with it.`);
  }
  for (const field of ["actor", "tenant", "cancellationKey"] as const) {
    if (definition[field] === undefined || refuses[field] === undefined || definition.action === "cancel") continue;
    throw invalid(definition, `${field}: the runner has no place for it. ${refuses[field]}`);
  }
}

function invalid(definition: TriggerDefinition, message: string): BellwireError {
  const text = `Trigger ${JSON.stringify(definition.key)}: ${message}`;
  return new BellwireError({ code: "CONFIG_TRIGGER_INVALID", message: text });
}

function duplicateOfCode(key: string): BellwireError {
  return new BellwireError({
    code: "CONFIG_TRIGGER_DUPLICATE",
    message: `The code registers a trigger ${JSON.stringify(key)}, which can not be replaced at run time; choose another key.`,
  });
}

/** @param trigger `null` for one that can not be used */
function stateOf(key: string, environment: string, view: OverrideView, trigger: CompiledTrigger | null): TriggerState {
  const override = view.trigger(environment, key);
  const active = trigger !== null && (override?.active ?? isActiveByDefinition(trigger, environment));
  return { active, changedBy: override?.changedBy ?? null, changedAt: override?.changedAt ?? null };
}
