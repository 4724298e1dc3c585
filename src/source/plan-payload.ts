import type { OutcomeDetail } from "../outcome/outcome.js";
import type { InvalidEvent, ReceivedEvent } from "../segment/event.js";
import type { ParsedEvent } from "../segment/parse.js";
import { type CompiledTrigger, isActiveByDefinition } from "../triggers/compile-trigger.js";
import type { OverrideView } from "./overrides.js";
import { type EventPlan, planEvent } from "./plan-event.js";
import type { SourceContext } from "./source-context.js";

/** One element of a payload, in its place. */
export type PayloadItem =
  | { readonly kind: "event"; readonly plan: EventPlan }
  | { readonly kind: "invalid"; readonly invalid: InvalidEvent }
  /** The messageId stood in the same payload before: in `first`, by its place. */
  | { readonly kind: "repeated"; readonly received: ReceivedEvent; readonly first: number };

export interface PlanPayloadOptions {
  readonly environment: string;
  readonly receivedAt: Date;
  readonly identifyEnabled: boolean;
  readonly view: OverrideView;
}

/** Matches and resolves every event of a payload against the triggers as they stand now. */
export function planPayload(
  { registry, options: { toPayload, readIdentity } }: Pick<SourceContext, "registry" | "options">,
  parsed: readonly ParsedEvent[],
  { environment, receivedAt, identifyEnabled: identify, view }: PlanPayloadOptions,
): readonly PayloadItem[] {
  const inactive = (trigger: CompiledTrigger) => whyInactive(trigger, environment, view);
  const planning = { receivedAt, identify, readIdentity, inactive, toPayload };
  const seen = parsed.length === 1 ? null : new Map<string, number>();
  return parsed.map((element, index): PayloadItem => {
    const { messageId } = element.ok ? element.event : element.invalid;
    const first = seen?.get(messageId);
    if (first === undefined) seen?.set(messageId, index);
    if (!element.ok) return { kind: "invalid", invalid: distinct(element.invalid, first !== undefined) };
    if (first !== undefined) return { kind: "repeated", received: element.event, first };
    const matching = registry.match(element.event.type, element.event.name);
    return { kind: "event", plan: planEvent(element.event, matching, planning) };
  });
}

/** Equal bad elements of one payload are each reported and each kept. */
function distinct(invalid: InvalidEvent, repeated: boolean): InvalidEvent {
  return repeated ? { ...invalid, messageId: `${invalid.messageId}-${invalid.index}` } : invalid;
}

function whyInactive(trigger: CompiledTrigger, environment: string, view: OverrideView): OutcomeDetail | null {
  const override = view.trigger(environment, trigger.key);
  if (override === null) {
    if (isActiveByDefinition(trigger, environment)) return null;
    return { message: `The trigger's definition switches it off in "${environment}".` };
  }
  if (override.active) return null;
  const changedAt = override.changedAt.toISOString();
  const by = override.changedBy === null ? "" : ` by ${override.changedBy}`;
  return {
    message: `Disabled in "${environment}"${by} at ${changedAt}; triggers.enable(${JSON.stringify(trigger.key)}) switches it on.`,
    facts: { changedBy: override.changedBy, changedAt },
  };
}
