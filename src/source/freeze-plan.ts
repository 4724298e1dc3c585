import { isJsonObject } from "../core/json.js";
import type { EventDecision } from "../outcome/decision.js";
import { traceAllowance } from "../outcome/trace.js";
import { userSyncTrigger } from "../runner/user-sync.js";
import type { InvalidEvent } from "../segment/event.js";
import type { NewRun } from "../storage/run-store.js";
import type { NewEvent } from "../storage/storage.js";
import type { FreezeOptions } from "./freeze-options.js";
import { type FrozenTrigger, freezeTrigger, newRun } from "./freeze-trigger.js";
import { createEvaluated } from "./frozen-decision.js";
import { FrozenEvent } from "./frozen-event.js";
import type { IdentifiedEvent } from "./identified-event.js";
import { goneIn, namesOf, ownerOf, withoutMentions } from "./mentions.js";
import type { EventPlan } from "./plan-event.js";
import { SharedRecipients } from "./shared-recipients.js";
import { whyIgnored } from "./why-ignored.js";

/** Fixes what is sent, to whom and under which key; from here on every attempt is the same. Pure. */
export function freezePlan(whole: EventPlan, options: FreezeOptions): NewEvent {
  const gone = goneIn(whole, options.gone, options.users.currentId);
  if (gone.has(ownerOf(whole) ?? "")) return freezeForgotten(whole, options.receivedAt);
  const plan = withoutMentions(whole, gone);
  const { received } = plan;
  const identified = options.users.of(whole);
  const { user: about, group } = identified;
  // Neither the payload nor what was read of it may name who was taken out of the plan.
  const isWhole = plan === whole;
  const allowance = isWhole ? traceAllowance(plan.triggers.length) : 0;
  const text = options.textOf(received);
  const kept = { event: received.event, text: options.isLazy ? text : null };
  const evaluated = createEvaluated(kept, { toShown: options.toPayload, allowance });
  const together = { received, evaluated, shared: new SharedRecipients(options.users.currentId) };
  const frozen = plan.triggers.map((each) => freezeTrigger(each, together, options));
  const triggers = frozen.map(({ decision }) => (options.isLazy ? decision : decision.toJSON()));
  const sync = freezeUserSync(plan, identified, options);
  // What asks to forget somebody must not be what remembers them.
  const isDeletion = plan.identity?.kind === "delete";
  const run = sync[0]?.idempotencyKey;
  const user = about === null || isDeletion ? {} : { user: { ...about, ...(run !== undefined && { run }) } };
  const outcome: EventDecision =
    about === null && group === null ? { triggers } : { triggers, ...user, ...(group !== null && { group }) };
  const { status, reason, decision } = verdictOf(plan, outcome, identified, options);
  const payload = isDeletion || !isWhole ? null : options.toPayload(received.event);
  const recorded = {
    messageId: received.messageId,
    type: received.type,
    name: received.name,
    userId: isDeletion ? null : received.userId,
    anonymousId: isDeletion ? null : received.anonymousId,
    occurredAt: received.occurredAt,
    receivedAt: options.receivedAt,
    payload,
    payloadText: payload === received.event ? text : null,
    runs: runsOf(sync, frozen),
    status,
    reason,
    decision,
  };
  const gatherNames = () => namesOf(plan, options.users.currentId);
  if (options.isLazy) return new FrozenEvent(recorded, gatherNames);
  const names = gatherNames();
  // Whose current id went into the plan is among the names.
  const assumesKnown = names.filter(options.users.recipients.isAssumed);
  return { names, ...(assumesKnown.length > 0 && { assumesKnown }), ...recorded };
}

function runsOf(sync: readonly NewRun[], frozen: readonly FrozenTrigger[]): readonly NewRun[] {
  const only = frozen[0];
  if (only !== undefined && frozen.length === 1 && sync.length === 0) return only.runs;
  const runs = [...sync];
  for (const trigger of frozen) {
    for (const run of trigger.runs) runs.push(run);
  }
  return runs;
}

function verdictOf(
  plan: EventPlan,
  decision: EventDecision,
  identified: IdentifiedEvent,
  options: FreezeOptions,
): Pick<NewEvent, "status" | "reason" | "decision"> {
  const { user: about, group } = identified;
  if (decision.triggers.some((trigger) => trigger.status === "failed")) {
    return { status: "failed", reason: "trigger_failed", decision };
  }
  if (decision.triggers.length > 0 || about !== null || group !== null) {
    return { status: "processed", reason: null, decision };
  }
  return { status: "ignored", ...whyIgnored(plan, identified, options) };
}

/** Of an event of somebody who was deleted after it happened: that it came, and nothing else. */
function freezeForgotten({ received }: EventPlan, receivedAt: Date): NewEvent {
  const { messageId, type, name, occurredAt } = received;
  const message =
    "It is of somebody who was deleted after it happened, so nothing of it is kept and nobody is notified.";
  return {
    messageId,
    type,
    name,
    userId: null,
    anonymousId: null,
    occurredAt,
    receivedAt,
    payload: null,
    status: "ignored",
    reason: "user_deleted",
    decision: { detail: { message }, triggers: [] },
    runs: [],
  };
}

/** The run that tells the engine of the users whom this event brought. */
function freezeUserSync(
  { received, triggers }: EventPlan,
  { user }: IdentifiedEvent,
  options: FreezeOptions,
): readonly NewRun[] {
  if (options.runner.identify === undefined || user?.status === "deleted") return [];
  const userIds = new Set<string>();
  if (user !== null && user.status !== "anonymous") userIds.add(user.id);
  for (const { evaluation } of triggers) {
    if (evaluation.status !== "matched") continue;
    for (const recipient of evaluation.recipients) {
      if (typeof recipient === "string" && options.users.isCreated(recipient)) userIds.add(recipient);
    }
  }
  if (userIds.size === 0) return [];
  const base = { trigger: userSyncTrigger, workflow: userSyncTrigger, action: "identify" as const };
  return [newRun(base, received.messageId, 0, { action: "identify", userIds: [...userIds] }, options)];
}

/** The record of an element that is no Segment event: kept, so that nothing received is invisible. */
export function freezeInvalid(
  invalid: InvalidEvent,
  receivedAt: Date,
  toPayload: FreezeOptions["toPayload"],
): NewEvent {
  return {
    messageId: invalid.messageId,
    type: invalid.type,
    name: invalid.name,
    userId: null,
    anonymousId: null,
    occurredAt: receivedAt,
    receivedAt,
    payload: isJsonObject(invalid.payload) ? toPayload(invalid.payload) : null,
    status: "invalid",
    reason: invalid.reason,
    decision: { detail: { message: invalid.message }, triggers: [] },
    runs: [],
  };
}
