import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.js";
import type { EventReason } from "../core/reasons.js";
import type { RecipientDecision, TriggerDecision } from "../outcome/decision.js";
import type { OutcomeDetail, UserOutcome } from "../outcome/outcome.js";
import { type TriggerTrace, traceAllowance } from "../outcome/trace.js";
import { chunkRecipients } from "../recipients/chunk-recipients.js";
import type { Recipient, RejectedRecipient } from "../recipients/recipient.js";
import { recipientKey } from "../recipients/recipient-key.js";
import type { WorkflowCancelRequest, WorkflowRunRequest } from "../runner/runner.js";
import { type UserSyncRequest, userSyncTrigger } from "../runner/user-sync.js";
import type { InvalidEvent } from "../segment/event.js";
import type { SourceScope } from "../storage/scope.js";
import type { NewEvent, NewRun } from "../storage/storage.js";
import { type TraceOptions, traceTrigger } from "../triggers/trace-trigger.js";
import type { UnidentifiedPolicy } from "../triggers/unidentified.js";
import { createIdempotencyKey } from "./idempotency-key.js";
import type { EventPlan, TriggerPlan } from "./plan-event.js";

export type RunRequest = WorkflowRunRequest | WorkflowCancelRequest | UserSyncRequest;

export interface FreezeOptions {
  readonly scope: SourceScope;
  readonly receivedAt: Date;
  readonly maxRecipientsOf: (workflow: string) => number | null;
  readonly toPayload: (event: JsonObject) => JsonValue;
  readonly identifyEnabled: boolean;
  /** The id that a user has now, after this payload's own identify events; `null` for a user nobody knows. */
  readonly currentId: (userId: string) => string | null;
  /** The source's word on unknown recipients; a trigger's own goes first. */
  readonly unidentified: UnidentifiedPolicy;
  /** Whether the engine keeps users of its own, which it has to be told of. */
  readonly syncsUsers: boolean;
  /** Whether this payload created the user, without an identify event, because a trigger said so. */
  readonly isCreated: (userId: string) => boolean;
  /** What became of the event's identify. */
  readonly user: UserOutcome | null;
  /** Receives each request, so that the first attempt need not parse it again. */
  readonly onRequest: (idempotencyKey: string, request: RunRequest) => void;
  /** Explains an event that no trigger listens to. */
  readonly explainNoMatch: (plan: EventPlan) => OutcomeDetail;
}

interface FrozenTrigger {
  readonly decision: TriggerDecision;
  readonly runs: readonly NewRun[];
}

/** Fixes what is sent, to whom and under which key; from here on every attempt is the same. Pure. */
export function freezePlan(plan: EventPlan, options: FreezeOptions): NewEvent {
  const { received } = plan;
  const allowance = traceAllowance(plan.triggers.length);
  const frozen = plan.triggers.map((each) => {
    const { decision, runs } = freezeTrigger(each, received.messageId, options);
    return { decision: withTrace(decision, each, { toShown: options.toPayload, allowance }), runs };
  });
  const triggers = frozen.map((trigger) => trigger.decision);
  const sync = freezeUserSync(plan, options);
  // What asks to forget somebody must not be what remembers them.
  const isDeletion = plan.identity?.kind === "delete";
  const base = {
    messageId: received.messageId,
    type: received.type,
    name: received.name,
    userId: isDeletion ? null : received.userId,
    anonymousId: isDeletion ? null : received.anonymousId,
    occurredAt: received.occurredAt,
    receivedAt: options.receivedAt,
    payload: isDeletion ? null : options.toPayload(received.event),
    runs: [...sync, ...frozen.flatMap((trigger) => trigger.runs)],
  };
  const run = sync[0]?.idempotencyKey;
  const user =
    options.user === null || isDeletion ? {} : { user: { ...options.user, ...(run !== undefined && { run }) } };
  if (triggers.some((trigger) => trigger.status === "failed")) {
    return { ...base, status: "failed", reason: "trigger_failed", decision: { ...user, triggers } };
  }
  if (triggers.length > 0 || options.user !== null) {
    return { ...base, status: "processed", reason: null, decision: { ...user, triggers } };
  }
  return { ...base, status: "ignored", ...whyIgnored(plan, options) };
}

/** The run that tells the engine of the users whom this event brought. */
function freezeUserSync({ received, triggers }: EventPlan, options: FreezeOptions): readonly NewRun[] {
  if (!options.syncsUsers || options.user?.status === "deleted") return [];
  const userIds = new Set<string>();
  if (options.user !== null) userIds.add(options.user.id);
  for (const { evaluation } of triggers) {
    if (evaluation.status !== "matched") continue;
    for (const recipient of evaluation.recipients) {
      if (typeof recipient === "string" && options.isCreated(recipient)) userIds.add(recipient);
    }
  }
  if (userIds.size === 0) return [];
  const base = { trigger: userSyncTrigger, workflow: userSyncTrigger, action: "identify" as const };
  return [newRun(base, received.messageId, 0, { action: "identify", userIds: [...userIds] }, options)];
}

function whyIgnored(plan: EventPlan, options: FreezeOptions): Pick<NewEvent, "reason" | "decision"> {
  const { type } = plan.received;
  const because = (reason: EventReason, message: string) => ({
    reason,
    decision: { detail: { message }, triggers: [] },
  });
  if (type !== "identify" && type !== "alias" && type !== "delete") {
    return { reason: "no_matching_trigger", decision: { detail: options.explainNoMatch(plan), triggers: [] } };
  }
  if (!options.identifyEnabled && type !== "delete") {
    const { environment } = options.scope;
    return because(
      "identify_disabled",
      `Identify events are switched off in "${environment}"; environments.update({ identify: true }) switches them on.`,
    );
  }
  return because("no_user_id", namesNobody[type]);
}

const namesNobody = {
  identify: "The identify event has no userId; traits of anonymous visitors are not kept.",
  alias: "The alias event names nobody: it needs a userId, and a previousId that is another one.",
  delete: "The delete event has no userId.",
} as const;

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

function freezeTrigger({ trigger, evaluation }: TriggerPlan, messageId: string, options: FreezeOptions): FrozenTrigger {
  const base = { trigger: trigger.key, workflow: trigger.workflow, action: trigger.action };
  if (evaluation.status !== "matched") {
    const { status, reason, detail } = evaluation;
    const recipients = (evaluation.rejected ?? []).map(toRejection);
    return { decision: { ...base, status, reason, detail, recipients, runs: [] }, runs: [] };
  }
  const unresolved = evaluation.unresolved.length > 0 ? { unresolved: bounded(evaluation.unresolved) } : {};
  const rejected = evaluation.rejected.map(toRejection);

  if (trigger.action === "cancel") {
    const request: WorkflowCancelRequest = {
      action: "cancel",
      workflow: trigger.workflow,
      cancellationKey: evaluation.cancellationKey ?? "",
      recipients: trigger.hasRecipients ? evaluation.recipients : null,
    };
    const run = newRun(base, messageId, 0, request, options);
    const recipients = evaluation.recipients.map((recipient) => ({ recipient: recipientKey(recipient), run: 0 }));
    const decision = { ...base, ...unresolved, status: "planned" as const, runs: [run.idempotencyKey] };
    return { decision: { ...decision, recipients: [...recipients, ...rejected] }, runs: [run] };
  }

  const { identified, unknown } = partition(evaluation.recipients, options.currentId);
  const policy = trigger.unidentified ?? options.unidentified;
  if (identified.length === 0 && (policy.kind !== "hold" || unknown.length === 0)) {
    const detail = { message: describeUnknown(unknown.length), field: "recipients" };
    const recipients = [...unknown.map(notIdentified), ...rejected];
    return {
      decision: { ...base, ...unresolved, status: "skipped", reason: "not_identified", detail, recipients, runs: [] },
      runs: [],
    };
  }
  const runs: NewRun[] = [];
  const recipients: RecipientDecision[] = [];
  const { workflow } = trigger;
  const { actor, tenant, data, cancellationKey } = evaluation;
  const toRequest = (to: readonly Recipient[]): WorkflowRunRequest => ({
    action: "trigger",
    workflow,
    recipients: to,
    actor,
    tenant,
    data,
    cancellationKey,
  });
  for (const chunk of chunkRecipients(identified, options.maxRecipientsOf(trigger.workflow))) {
    const run = runs.length;
    for (const recipient of chunk) recipients.push({ recipient: recipientKey(recipient), run });
    runs.push(newRun(base, messageId, run, toRequest(chunk), options));
  }
  for (const userId of unknown) {
    if (policy.kind !== "hold") {
      recipients.push(notIdentified(userId));
      continue;
    }
    // A run of their own: each is identified at another time, if ever.
    const { forMs, onExpiry } = policy;
    const run = newRun(base, messageId, `hold ${userId}`, toRequest([userId]), options);
    recipients.push({ recipient: userId, run: runs.length, reason: "not_identified" });
    runs.push({ ...run, hold: { userId, forMs, onExpiry } });
  }
  for (const decision of rejected) recipients.push(decision);
  const keys = runs.map((run) => run.idempotencyKey);
  return { decision: { ...base, ...unresolved, status: "planned", recipients, runs: keys }, runs };
}

/** What was compared and read is put together when the decision is stored or somebody looks at it, and not before. */
function withTrace(
  decision: TriggerDecision,
  { trigger, evaluation: { stage, event } }: TriggerPlan,
  options: Pick<TraceOptions, "toShown" | "allowance">,
): TriggerDecision {
  if (stage === "event" || options.allowance === 0) return decision;
  let trace: TriggerTrace | undefined;
  return Object.defineProperty(decision, "trace", {
    enumerable: true,
    configurable: true,
    get: () => (trace ??= traceTrigger(trigger, { event, stage, ...options })),
  });
}

const maxNotes = 20;

function bounded(notes: readonly OutcomeDetail[]): readonly OutcomeDetail[] {
  if (notes.length <= maxNotes) return notes;
  return [...notes.slice(0, maxNotes), { message: `${notes.length - maxNotes} more fields came to nothing.` }];
}

/** Of many the first say in words what was wrong. */
function toRejection({ recipient, reason, message }: RejectedRecipient, index: number): RecipientDecision {
  return { recipient, reason, ...(index < maxNotes && { message }) };
}

function partition(recipients: readonly Recipient[], currentId: FreezeOptions["currentId"]) {
  const identified: Recipient[] = [];
  const taken = new Set<string>();
  const unknown: string[] = [];
  for (const recipient of recipients) {
    const id = typeof recipient === "string" ? currentId(recipient) : recipient;
    if (id === null) unknown.push(String(recipient));
    else if (typeof id !== "string") identified.push(id);
    else if (!taken.has(id)) identified.push(id);
    // Two ids of one user are one recipient.
    if (typeof id === "string") taken.add(id);
  }
  return { identified, unknown };
}

function notIdentified(recipient: string): RecipientDecision {
  return { recipient, reason: "not_identified" };
}

function describeUnknown(count: number): string {
  const who = count === 1 ? "The recipient was never" : `None of the ${count} recipients was ever`;
  return `${who} identified in this environment. Send an identify event first, map an inline user, or set unidentified: "create" or { hold: "15m", then: "skip" }.`;
}

function newRun(
  base: Pick<NewRun, "trigger" | "workflow" | "action">,
  messageId: string,
  part: number | string,
  request: RunRequest,
  options: FreezeOptions,
): NewRun {
  const idempotencyKey = createIdempotencyKey(options.scope, messageId, base.trigger, part);
  options.onRequest(idempotencyKey, request);
  const { trigger, workflow, action } = base;
  return { idempotencyKey, trigger, workflow, action, request: JSON.stringify(request) };
}
