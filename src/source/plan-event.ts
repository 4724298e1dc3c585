import type { JsonObject, JsonValue } from "../core/json.js";
import type { OutcomeDetail } from "../outcome/outcome.js";
import type { InlineUser, Recipient } from "../recipients/recipient.js";
import { isInlineUser } from "../recipients/recipient-key.js";
import type { ReceivedEvent } from "../segment/event.js";
import type { CompiledTrigger } from "../triggers/compile-trigger.js";
import { evaluateTrigger } from "../triggers/evaluate-trigger.js";
import type { TriggerEvaluation } from "../triggers/trigger-evaluation.js";
import type { IdentityAction, ReadIdentity } from "../users/identity.js";
import { inlineUserToChange } from "../users/traits.js";
import type { UserChange } from "../users/user.js";
import { clampEventTime } from "../users/user-registers.js";

/** A trigger that listens to the event, and what it makes of it. */
export interface TriggerPlan {
  readonly trigger: CompiledTrigger;
  readonly evaluation: TriggerEvaluation;
}

/** Everything that can be said of an event without asking storage. */
export interface EventPlan {
  readonly received: ReceivedEvent;
  /** What the event says about who somebody is; `null` where identify is off or it says nothing. */
  readonly identity: IdentityAction | null;
  /** From inline users among recipients and actors. */
  readonly inline: readonly UserChange[];
  readonly triggers: readonly TriggerPlan[];
}

export interface PlanEventOptions {
  readonly receivedAt: Date;
  readonly identify: boolean;
  readonly readIdentity: ReadIdentity;
  /** Why a trigger is switched off; `null` when it is active. */
  readonly inactive: (trigger: CompiledTrigger) => OutcomeDetail | null;
  /** What is kept of an event. */
  readonly toPayload: (event: JsonObject) => JsonValue;
}

/** Matches and resolves one event; pure. */
export function planEvent(
  received: ReceivedEvent,
  matching: readonly CompiledTrigger[],
  options: PlanEventOptions,
): EventPlan {
  const at = clampEventTime(received.occurredAt, options.receivedAt);
  const inline: UserChange[] = [];
  const triggers = matching.map((trigger): TriggerPlan => {
    const off = options.inactive(trigger);
    if (off !== null) return { trigger, evaluation: inactive(off, received.event) };
    const evaluation = evaluateTrigger(trigger, received, options.receivedAt.getTime(), options.toPayload);
    // Canceling for somebody is no reason to know them, nor to send what waits for them.
    if (evaluation.status === "matched" && trigger.action !== "cancel") collectInlineUsers(evaluation, at, inline);
    return { trigger, evaluation };
  });
  return { received, identity: identityOf(received, at, options), inline, triggers };
}

/** A deletion is not a matter of whether users are kept: it is always done. */
function identityOf(received: ReceivedEvent, at: Date, options: PlanEventOptions): IdentityAction | null {
  if (!options.identify && received.type !== "delete") return null;
  const action = options.readIdentity(received);
  if (action === null) return null;
  switch (action.kind) {
    case "merge":
    case "delete":
      return { ...action, at };
    case "change":
      return { ...action, change: { ...action.change, at } };
    case "visitor":
      return { ...action, change: { ...action.change, at } };
    case "group":
      return { ...action, change: { ...action.change, at } };
  }
}

function inactive(detail: OutcomeDetail, event: JsonObject): TriggerEvaluation {
  return { status: "skipped", reason: "trigger_inactive", detail, stage: "event", event };
}

function collectInlineUsers(
  matched: { readonly recipients: readonly Recipient[]; readonly actor: Recipient | null },
  at: Date,
  into: UserChange[],
): void {
  const add = (user: InlineUser) => into.push(inlineUserToChange(user, at));
  if (matched.actor !== null && isInlineUser(matched.actor)) add(matched.actor);
  for (const recipient of matched.recipients) {
    if (isInlineUser(recipient)) add(recipient);
  }
}
