import { BellwireError } from "../core/errors.js";
import type { OutcomeDetail } from "../outcome/outcome.js";
import type { SegmentEventType } from "../segment/event.js";
import { type CompiledTrigger, compileTrigger, type TypedWorkflows } from "./compile-trigger.js";
import { createNoMatches } from "./no-matches.js";
import type { TriggerDefinition } from "./trigger-definition.js";

/** The triggers of one source, indexed so that matching an event costs the same for one trigger and for a hundred thousand. */
export interface TriggerRegistry {
  /** @throws `CONFIG_TRIGGER_INVALID`, `CONFIG_PATH_INVALID`, `CONFIG_TRIGGER_DUPLICATE` */
  register(definition: TriggerDefinition): CompiledTrigger;
  /** `false` when there is no trigger of that key. */
  unregister(key: string): boolean;
  get(key: string): CompiledTrigger | null;
  /** In the order of registration. */
  list(): readonly CompiledTrigger[];
  /** Whether any of them holds runs for unknown recipients. */
  hasHolds(): boolean;
  /** Those that listen to the event, in the order of registration. */
  match(type: SegmentEventType, name: string | null): readonly CompiledTrigger[];
  /** Says of an event that no trigger listens to what it may have been meant to be. */
  explainNoMatch(type: SegmentEventType, name: string | null): OutcomeDetail;
}

const none: readonly CompiledTrigger[] = [];

/** @param workflows check the data of triggers that name them */
export function createTriggerRegistry(workflows?: TypedWorkflows): TriggerRegistry {
  const triggers = new Map<string, CompiledTrigger>();
  /** By type and name; the empty name, which no event has, holds those that listen to every event of the type. */
  const index = new Map<SegmentEventType, Map<string, readonly CompiledTrigger[]>>();
  const noMatches = createNoMatches(index);
  const order = new Map<CompiledTrigger, number>();
  let registered = 0;
  let holding = 0;

  const namesOf = (type: SegmentEventType) => {
    const names = index.get(type) ?? new Map<string, readonly CompiledTrigger[]>();
    index.set(type, names);
    return names;
  };
  const inOrder = (list: readonly CompiledTrigger[]) =>
    [...list].sort((left, right) => (order.get(left) ?? 0) - (order.get(right) ?? 0));

  return {
    register(definition) {
      const trigger = compileTrigger(definition, workflows);
      if (triggers.has(trigger.key)) {
        throw new BellwireError({
          code: "CONFIG_TRIGGER_DUPLICATE",
          message: `There is a trigger ${JSON.stringify(trigger.key)} already; keys are unique. Unregister it first, or choose another key.`,
        });
      }
      triggers.set(trigger.key, trigger);
      noMatches.clear();
      order.set(trigger, registered);
      registered += 1;
      if (trigger.unidentified?.kind === "hold") holding += 1;
      const names = namesOf(trigger.type);
      const name = trigger.name ?? "";
      names.set(name, [...(names.get(name) ?? none), trigger]);
      return trigger;
    },
    unregister(key) {
      const trigger = triggers.get(key);
      if (trigger === undefined) return false;
      triggers.delete(key);
      noMatches.clear();
      if (trigger.unidentified?.kind === "hold") holding -= 1;
      order.delete(trigger);
      const names = namesOf(trigger.type);
      const name = trigger.name ?? "";
      const left = (names.get(name) ?? none).filter((other) => other !== trigger);
      if (left.length === 0) names.delete(name);
      else names.set(name, left);
      return true;
    },
    get: (key) => triggers.get(key) ?? null,
    hasHolds: () => holding > 0,
    list: () => [...triggers.values()],
    match(type, name) {
      const names = index.get(type);
      if (names === undefined) return none;
      const ofType = names.get("") ?? none;
      const named = name === null ? none : (names.get(name) ?? none);
      if (ofType.length === 0) return named;
      return named.length === 0 ? ofType : inOrder([...named, ...ofType]);
    },
    explainNoMatch: noMatches.explain,
  };
}
