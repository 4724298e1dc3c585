import type { RecipientDecision } from "../outcome/decision.js";
import { itemsOf, type MaybeLazyList } from "../outcome/lazy-list.js";
import type { OutcomeDetail } from "../outcome/outcome.js";
import { chunkRecipients } from "../recipients/chunk-recipients.js";
import {
  isActorMessage,
  type ObjectReference,
  type Recipient,
  type RejectedRecipient,
} from "../recipients/recipient.js";
import { isObjectReference, recipientKey } from "../recipients/recipient-key.js";
import type { ExpandRequest } from "../runner/expansion.js";
import { capabilitiesOf, type WorkflowCancelRequest, type WorkflowRunRequest } from "../runner/runner.js";
import type { ReceivedEvent } from "../segment/event.js";
import type { NewRun } from "../storage/run-store.js";
import type { CompiledTrigger } from "../triggers/compile-trigger.js";
import type { TriggerEvaluation, TriggerMatch } from "../triggers/trigger-evaluation.js";
import type { FreezeOptions } from "./freeze-options.js";
import { type Evaluated, FrozenDecision } from "./frozen-decision.js";
import { freezeRun } from "./frozen-run.js";
import type { IdentifiedUsers } from "./identify-users.js";
import type { TriggerPlan } from "./plan-event.js";
import type { RunRequest } from "./run-request.js";
import type { SharedRecipients } from "./shared-recipients.js";

export interface FrozenTrigger {
  readonly decision: FrozenDecision;
  readonly runs: readonly NewRun[];
}

/** What the triggers of one event share. */
export interface FrozenTogether {
  readonly received: ReceivedEvent;
  readonly shared: SharedRecipients;
  readonly evaluated: (evaluation: TriggerEvaluation) => Evaluated;
}

/** Fixes the runs of one trigger. */
export function freezeTrigger(
  { trigger, evaluation }: TriggerPlan,
  ofEvent: FrozenTogether,
  options: FreezeOptions,
): FrozenTrigger {
  const { received } = ofEvent;
  const evaluated = ofEvent.evaluated(evaluation);
  if (evaluation.status !== "matched") {
    const { status, reason, detail } = evaluation;
    const recipients = (evaluation.rejected ?? []).map(toRejection);
    const decided = { status, reason, detail, unresolved: undefined, recipients, runs: noKeys };
    return { decision: new FrozenDecision(trigger, decided, evaluated), runs: [] };
  }
  const actor = currentActor(evaluation.actor, options.users.currentId);
  const match = { trigger, evaluation, actor, messageId: received.messageId, shared: ofEvent.shared };
  const planned = trigger.action === "cancel" ? planCancel(match, options) : planRuns(match, options);
  const { runs, unknown } = planned;
  const recipients = withRejected(planned.recipients, evaluation.rejected);
  const unresolved = bounded(evaluation.unresolved);
  if (runs.length === 0) {
    const isOnlyActor = unknown === 0 && itemsOf(planned.recipients).length > 0;
    const message = isOnlyActor ? isActorMessage : describeUnknown(unknown);
    const detail = { message, field: "recipients" };
    const reason = isOnlyActor ? ("no_recipients" as const) : ("not_identified" as const);
    const decided = { status: "skipped" as const, reason, detail, unresolved, recipients, runs: noKeys };
    return { decision: new FrozenDecision(trigger, decided, evaluated), runs };
  }
  const keys = runs.map((run) => run.idempotencyKey);
  const decided = {
    status: "planned" as const,
    reason: undefined,
    detail: undefined,
    unresolved,
    recipients,
    runs: keys,
  };
  return { decision: new FrozenDecision(trigger, decided, evaluated), runs };
}

const noKeys: readonly string[] = [];

function withRejected(
  recipients: MaybeLazyList<RecipientDecision>,
  rejected: readonly RejectedRecipient[],
): MaybeLazyList<RecipientDecision> {
  return rejected.length === 0 ? recipients : [...itemsOf(recipients), ...rejected.map(toRejection)];
}

interface Match {
  readonly trigger: CompiledTrigger;
  readonly evaluation: TriggerMatch;
  /** By the id that they have now. */
  readonly actor: Recipient | null;
  readonly messageId: string;
  readonly shared: SharedRecipients;
}

interface PlannedRuns {
  readonly runs: readonly NewRun[];
  readonly recipients: MaybeLazyList<RecipientDecision>;
  /** How many of the recipients nobody knows. */
  readonly unknown: number;
}

function planCancel({ trigger, evaluation, messageId, shared }: Match, options: FreezeOptions): PlannedRuns {
  const { workflow } = trigger;
  const all = underAllIds(evaluation.recipients, options.users.currentId);
  const base = { trigger: trigger.key, workflow, action: "cancel" as const };
  const toRun = (recipients: WorkflowCancelRequest["recipients"], run: number) => {
    const { cancellationKey } = evaluation;
    const request = { action: "cancel" as const, workflow, cancellationKey: cancellationKey ?? "", recipients };
    return newRun(base, messageId, run, request, options);
  };
  const { maxRecipients } = capabilitiesOf(options.runner, workflow);
  const chunks = trigger.hasRecipients ? chunkRecipients(all, maxRecipients) : [];
  // Without anybody it would be for everybody.
  if (trigger.hasRecipients && all.length === 0) return { runs: [], recipients: [], unknown: 0 };
  if (chunks.length <= 1) {
    const run = toRun(trigger.hasRecipients ? all : null, 0);
    return { runs: [run], recipients: shared.decide(all), unknown: 0 };
  }
  const recipients = chunks.flatMap((chunk, run) => chunk.map((recipient) => toDecision(recipient, run)));
  return { runs: chunks.map(toRun), recipients, unknown: 0 };
}

/** What was started before two users became one was so for the id of then, and for the other one since. */
function underAllIds(recipients: readonly Recipient[], currentId: IdentifiedUsers["currentId"]): readonly Recipient[] {
  let all: Set<Recipient> | null = null;
  for (const recipient of recipients) {
    const key = recipientKey(recipient);
    const now = typeof key === "string" ? currentId(key) : null;
    if (now === null || now === key) continue;
    all ??= new Set(recipients);
    all.add(now);
  }
  return all === null ? recipients : [...all];
}

function planRuns(match: Match, options: FreezeOptions): PlannedRuns {
  const { trigger, evaluation, messageId } = match;
  const { workflow } = trigger;
  const groups = trigger.expand ? evaluation.recipients.filter(isGroup) : noGroups;
  const single = groups.length === 0 ? evaluation.recipients : evaluation.recipients.filter((one) => !isGroup(one));
  const { identified: all, unknown } = match.shared.part(single);
  const actors = trigger.excludeActor ? actorsAmong(all, match.actor, options.users.currentId) : nobody;
  const identified = actors.length === 0 ? all : all.filter((recipient) => !actors.includes(recipient));
  const tenant = options.toTenant(evaluation.tenant, workflow);
  const base = { trigger: trigger.key, workflow, action: "trigger" as const };
  const { maxRecipients } = capabilitiesOf(options.runner, workflow);
  const isWhole = unknown.length === 0 && groups.length === 0 && actors.length === 0;
  // Everybody in one run: nearly always.
  if (isWhole && identified.length > 0 && identified.length <= (maxRecipients ?? identified.length)) {
    const run = newRun(base, messageId, 0, toRequest(match, tenant, identified), options);
    return { runs: [run], recipients: match.shared.decide(identified), unknown: 0 };
  }
  const chunks = chunkRecipients(identified, maxRecipients);
  const runs = chunks.map((chunk, run) => newRun(base, messageId, run, toRequest(match, tenant, chunk), options));
  const recipients = chunks.flatMap((chunk, run) => chunk.map((recipient) => toDecision(recipient, run)));
  for (const one of actors) {
    recipients.push({ recipient: recipientKey(one), reason: "is_actor", message: isActorMessage });
  }
  const policy = trigger.unidentified ?? options.unidentified;
  for (const userId of unknown) {
    if (policy.kind !== "hold") {
      recipients.push({ recipient: userId, reason: "not_identified" });
      continue;
    }
    // A run of their own: each is identified at another time, if ever.
    const { forMs, onExpiry } = policy;
    const hold = { userId, forMs, onExpiry };
    recipients.push({ recipient: userId, run: runs.length, reason: "not_identified" });
    runs.push(newRun({ ...base, hold }, messageId, `hold ${userId}`, toRequest(match, tenant, [userId]), options));
  }
  if (groups.length > 0) {
    for (const group of groups) recipients.push(toDecision(group, runs.length));
    runs.push(planExpansion(match, { groups, single, request: toRequest(match, tenant, []) }, options));
  }
  return { runs, recipients, unknown: unknown.length };
}

function toRequest(
  { trigger: { workflow }, actor, evaluation: { data, cancellationKey } }: Match,
  tenant: WorkflowRunRequest["tenant"],
  recipients: readonly Recipient[],
): WorkflowRunRequest {
  return { action: "trigger", workflow, recipients, actor, tenant, data, cancellationKey };
}

function toDecision(recipient: Recipient, run: number): RecipientDecision {
  return { recipient: recipientKey(recipient), run };
}

const nobody: readonly Recipient[] = [];

function currentActor(actor: Recipient | null, currentId: IdentifiedUsers["currentId"]): Recipient | null {
  return typeof actor === "string" ? (currentId(actor) ?? actor) : actor;
}

/** Whoever is the actor by another id. */
function actorsAmong(
  recipients: readonly Recipient[],
  actor: Recipient | null,
  currentId: IdentifiedUsers["currentId"],
): readonly Recipient[] {
  if (actor === null || isObjectReference(actor)) return nobody;
  const idNow = (user: Recipient) => {
    const key = recipientKey(user);
    return typeof key === "string" ? (currentId(key) ?? key) : null;
  };
  const actorNow = idNow(actor);
  return recipients.filter((recipient) => idNow(recipient) === actorNow);
}

interface Expansion {
  readonly groups: readonly ObjectReference[];
  /** Recipients by themselves. */
  readonly single: readonly Recipient[];
  readonly request: WorkflowRunRequest;
}

/** The run that makes the runs for the members, once it is its turn: an event is recorded as fast as ever. */
function planExpansion(
  { trigger, evaluation: { actor }, messageId }: Match,
  { groups, single, request: { recipients: _, ...request } }: Expansion,
  options: FreezeOptions,
): NewRun {
  const base = { trigger: trigger.key, workflow: trigger.workflow, action: "expand" as const };
  const expand: ExpandRequest = {
    ...request,
    action: "expand",
    groupIds: groups.map(({ id }) => id),
    exclude: excludedFrom(trigger.excludeActor ? [actor, ...single] : single, options.users.currentId),
    unidentified: trigger.unidentified ?? options.unidentified,
  };
  return newRun(base, messageId, "members", expand, options);
}

const noGroups: readonly ObjectReference[] = [];

function isGroup(recipient: Recipient): recipient is ObjectReference {
  return isObjectReference(recipient) && recipient.collection === "groups";
}

/** Under every id that they have, so that no member is told twice. */
function excludedFrom(
  recipients: readonly (Recipient | null)[],
  currentId: IdentifiedUsers["currentId"],
): readonly string[] {
  const ids = recipients.flatMap((recipient) => {
    if (recipient === null || isObjectReference(recipient)) return [];
    const id = typeof recipient === "string" ? recipient : recipient.id;
    return [id, currentId(id) ?? id];
  });
  return [...new Set(ids)];
}

const maxNotes = 20;

function bounded(notes: readonly OutcomeDetail[]): readonly OutcomeDetail[] | undefined {
  if (notes.length <= maxNotes) return notes.length === 0 ? undefined : notes;
  return [...notes.slice(0, maxNotes), { message: `${notes.length - maxNotes} more fields came to nothing.` }];
}

/** Of many only the first have a message. */
function toRejection({ recipient, reason, message }: RejectedRecipient, index: number): RecipientDecision {
  return { recipient, reason, ...(index < maxNotes && { message }) };
}

function describeUnknown(count: number): string {
  if (count === 0) return "Every recipient was deleted after the event had happened.";
  const who = count === 1 ? "The recipient was never" : `None of the ${count} recipients was ever`;
  return `${who} identified in this environment. Send an identify event first, map an inline user, or set unidentified: "create" or { hold: "15m", then: "skip" }.`;
}

/** A run under its key. */
export function newRun(
  base: Pick<NewRun, "trigger" | "workflow" | "action" | "hold">,
  messageId: string,
  part: number | string,
  request: RunRequest,
  { keyOf, isLazy }: Pick<FreezeOptions, "keyOf" | "isLazy">,
): NewRun {
  return freezeRun(keyOf(messageId, base.trigger, part), base, request, isLazy);
}
