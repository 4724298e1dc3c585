import type { JsonObject } from "../core/json.js";
import type { EventDefinition } from "./define-event.js";
import type { EventPath, TypedSegmentEvent } from "./event-path.js";
import type { TriggerDefinition, TriggerEvent, TriggerOptions } from "./trigger-definition.js";

type PathOf<Event> = Event extends EventDefinition<string, infer Properties> ? EventPath<Properties> : string;
type TypedEventOf<Event> =
  Event extends EventDefinition<string, infer Properties>
    ? TypedSegmentEvent<Properties>
    : TypedSegmentEvent<JsonObject>;

/**
 * Defines a trigger: when this event arrives, run that workflow for these recipients. Pure; it is checked when a source registers
 * it. With an event of `defineEvent`, paths are completed by the editor, and a path that leads nowhere does not compile.
 */
export function defineTrigger<const Event extends TriggerEvent>(
  trigger: TriggerOptions<Event, PathOf<Event>, TypedEventOf<Event>>,
): TriggerDefinition;
// What the compiler checked above is erased here; `compileTrigger` checks again, for those who write JavaScript.
export function defineTrigger(trigger: TriggerDefinition): TriggerDefinition {
  return trigger;
}
