import { withoutUser } from "../recipients/forget-recipient.js";
import type { Recipient } from "../recipients/recipient.js";
import { isObjectReference } from "../recipients/recipient-key.js";
import type { EventPlan, TriggerPlan } from "./plan-event.js";

/** Whose event it is: the user, or else the visitor. */
export function ownerOf({ received: { userId, anonymousId } }: EventPlan): string | null {
  return userId ?? anonymousId;
}

/** Everybody whom the event would be kept under, or its runs sent to. What asks to forget somebody names nobody. */
export function namesOf(plan: EventPlan, currentId: (userId: string) => string | null): readonly string[] {
  if (plan.identity?.kind === "delete") return [];
  const names = new Set<string>();
  const add = (id: string | null) => {
    if (id === null) return;
    names.add(id);
    names.add(currentId(id) ?? id);
  };
  add(ownerOf(plan));
  for (const { evaluation } of plan.triggers) {
    if (evaluation.status !== "matched") continue;
    add(idOf(evaluation.actor));
    for (const recipient of evaluation.recipients) add(idOf(recipient));
  }
  return [...names];
}

/** Of those whom the plan names, and of these users, whoever is gone, or goes by the id of somebody who is. */
export function goneIn(
  plan: EventPlan,
  gone: ReadonlySet<string>,
  currentId: (userId: string) => string | null,
): ReadonlySet<string> {
  if (gone.size === 0) return gone;
  const named = namesOf(plan, currentId).filter((id) => gone.has(currentId(id) ?? id));
  return new Set([...gone, ...named]);
}

/** The plan without these users; the same one when it names none of them. */
export function withoutMentions(plan: EventPlan, gone: ReadonlySet<string>): EventPlan {
  if (gone.size === 0) return plan;
  const triggers = plan.triggers.map((trigger) => withoutRecipients(trigger, gone));
  return triggers.every((trigger, index) => trigger === plan.triggers[index]) ? plan : { ...plan, triggers };
}

function withoutRecipients(plan: TriggerPlan, gone: ReadonlySet<string>): TriggerPlan {
  const { evaluation } = plan;
  if (evaluation.status !== "matched") return plan;
  const isGone = (recipient: Recipient | null) => gone.has(idOf(recipient) ?? "");
  const recipients = evaluation.recipients.filter((recipient) => !isGone(recipient));
  const actor = isGone(evaluation.actor) ? null : evaluation.actor;
  if (recipients.length === evaluation.recipients.length && actor === evaluation.actor) return plan;
  const data = withoutUser(evaluation.data, gone);
  return { ...plan, evaluation: { ...evaluation, recipients, actor, data } };
}

function idOf(recipient: Recipient | null): string | null {
  if (recipient === null || typeof recipient === "string") return recipient;
  return isObjectReference(recipient) ? null : recipient.id;
}
