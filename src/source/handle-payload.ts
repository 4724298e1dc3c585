import { cutValue } from "../outcome/cut-value.js";
import type { OutcomeDetail, PayloadResult } from "../outcome/outcome.js";
import { capabilitiesOf } from "../runner/runner.js";
import { parseSegmentPayload } from "../segment/parse.js";
import type { ClaimedRun } from "../storage/run-store.js";
import type { SourceScope } from "../storage/scope.js";
import type { NewEvent, RecordResult } from "../storage/storage.js";
import { dispatchClaimed } from "./dispatch-claimed.js";
import type { FreezeOptions } from "./freeze-options.js";
import { freezeInvalid, freezePlan } from "./freeze-plan.js";
import { findReleased, wakeHeld } from "./holds.js";
import { type IdentifiedUsers, identifyUsers } from "./identify-users.js";
import type { OverrideView } from "./overrides.js";
import { toPayloadResult } from "./payload-outcome.js";
import type { EventPlan } from "./plan-event.js";
import { type PayloadItem, planPayload } from "./plan-payload.js";
import { recordPlans } from "./record-plans.js";
import type { RunRequest } from "./run-request.js";
import type { HandleSegmentPayloadOptions } from "./segment-source.js";
import { type SourceContext, throwIfAborted } from "./source-context.js";
import { forgetAtEngine } from "./tell-engine.js";
import { findTenants } from "./tenant-traits.js";

export interface PayloadCall {
  readonly scope: SourceScope;
  readonly payload: unknown;
  readonly options: HandleSegmentPayloadOptions;
  /** Names this process in the leases it takes. */
  readonly owner: string;
  /** Keeps work that outlives the call from being forgotten by `close`. */
  readonly track: (work: Promise<void>) => void;
}

/** The pipeline, a whole payload at a time: parse, match and resolve, identify, look up, record, dispatch, settle. */
export async function handlePayload(context: SourceContext, call: PayloadCall): Promise<PayloadResult> {
  const { clock, limits, leaseMs, deadlineMs, dispatch } = context.options;
  const { environment } = call.scope;
  const { defaultType, signal } = call.options;
  const startedAt = clock.now();
  const receivedAt = call.options.receivedAt ?? new Date(startedAt);

  const parsed = parseSegmentPayload(call.payload, { receivedAt, limits, ...(defaultType && { defaultType }) });
  if (parsed.length === 0) return { events: [], retryable: false };
  throwIfAborted(signal);

  const view = await context.overrides.current();
  const identifyEnabled = isIdentifyEnabled(context, view, environment);
  const items = planPayload(context, parsed, {
    environment,
    receivedAt,
    identifyEnabled,
    readIdentity: context.options.readIdentity,
    view,
  });
  const plans: EventPlan[] = [];
  for (const item of items) if (item.kind === "event") plans.push(item.plan);
  const users = await identifyUsers(context, environment, plans);
  throwIfAborted(signal);

  const requests = new Map<string, RunRequest>();
  const toTenant = await findTenants(context, environment, plans);
  const freezing = { receivedAt, identifyEnabled, users, requests, toTenant };
  const leasedUntil = clock.now() + leaseMs;
  const { events, recorded } = await recordPlans({
    items: items.filter(({ kind }) => kind !== "repeated"),
    freeze: (some, gone) => freezeItems(context, call.scope, { items: some, gone, ...freezing }),
    record: (frozen) => recordEvents(context, call, frozen),
    recipients: users.recipients,
  });
  keepFirstPlans(recorded, requests);

  if (users.deleted.length > 0) await forgetAtEngine(context, environment, users.deleted);
  const waitingFor = waitingForOf(events);
  const released = await findReleased(context, environment, { users, recorded, waitingFor });
  const taken = dispatch === "inline" ? leaseMs : null;
  const woken = await wakeHeld(context, { owner: call.owner, userIds: released, leaseMs: taken, ...call.scope });
  const dispatched = await dispatchClaimed(context, {
    claimed: allClaimed(recorded, woken),
    environment,
    owner: call.owner,
    leasedUntil,
    waitMs: Math.max(0, startedAt + deadlineMs - clock.now()),
    requests,
    signal,
    track: call.track,
  });
  const isInline = dispatch === "inline";
  const result = toPayloadResult({ items, events, recorded, dispatched, woken: released, isInline });
  announce(context, environment, { items, receivedAt, result });
  return result;
}

function waitingForOf(events: readonly NewEvent[]): readonly string[] {
  const waitingFor: string[] = [];
  for (const { runs } of events) {
    for (const { hold } of runs) if (hold !== undefined) waitingFor.push(hold.userId);
  }
  return waitingFor;
}

function allClaimed(recorded: readonly RecordResult[], woken: readonly ClaimedRun[]): readonly ClaimedRun[] {
  const [first] = recorded;
  if (first !== undefined && recorded.length === 1 && woken.length === 0) return first.claimed;
  const claimed: ClaimedRun[] = [];
  for (const result of recorded) for (const each of result.claimed) claimed.push(each);
  for (const each of woken) claimed.push(each);
  return claimed;
}

interface HandledPayload {
  readonly items: readonly PayloadItem[];
  readonly receivedAt: Date;
  readonly result: PayloadResult;
}

function announce(context: SourceContext, environment: string, { items, receivedAt, result }: HandledPayload): void {
  const { emitter, options } = context;
  if (!emitter.hasListeners("event")) return;
  for (const [index, outcome] of result.events.entries()) {
    const item = items[index];
    const received = item?.kind === "event" ? item.plan.received : item?.kind === "repeated" ? item.received : null;
    const lagMs = received === null ? null : Math.max(0, receivedAt.getTime() - received.occurredAt.getTime());
    emitter.emit("event", { source: options.key, environment, outcome, lagMs });
  }
}

/** A run that was planned before is sent as it was planned then, whatever the triggers say now. */
function keepFirstPlans(recorded: readonly RecordResult[], requests: Map<string, RunRequest>): void {
  for (const { status, claimed } of recorded) {
    if (status === "new") continue;
    for (const { run } of claimed) requests.delete(run.idempotencyKey);
  }
}

function isIdentifyEnabled({ options }: SourceContext, view: OverrideView, environment: string): boolean {
  return view.environment(environment)?.identify ?? options.environments.get(environment)?.identify ?? true;
}

interface FreezeItemsParams {
  readonly items: readonly PayloadItem[];
  readonly receivedAt: Date;
  readonly identifyEnabled: boolean;
  readonly users: IdentifiedUsers;
  readonly requests: Map<string, RunRequest>;
  readonly toTenant: FreezeOptions["toTenant"];
  readonly gone: ReadonlySet<string>;
}

function freezeItems(context: SourceContext, scope: SourceScope, params: FreezeItemsParams): readonly NewEvent[] {
  const { receivedAt, users } = params;
  const shared = {
    scope,
    keyOf: context.keysOf(scope),
    isLazy: context.options.storage.events.readsByName === true,
    receivedAt,
    toPayload: context.options.toPayload,
    maxRecipientsOf: (workflow: string) => capabilitiesOf(context.options.runner, workflow).maxRecipients,
    toTenant: params.toTenant,
    gone: params.gone,
    identifiedOf: users.of,
    syncsUsers: context.options.runner.identify !== undefined,
    identifyEnabled: params.identifyEnabled,
    currentId: users.currentId,
    isAssumed: users.recipients.isAssumed,
    unidentified: context.options.unidentified,
    isCreated: users.isCreated,
    onRequest: (key: string, request: RunRequest) => params.requests.set(key, request),
    explainNoMatch: (plan: EventPlan) => explainNoMatch(context, plan),
  };
  const frozen: NewEvent[] = [];
  for (const item of params.items) {
    if (item.kind === "invalid") frozen.push(freezeInvalid(item.invalid, receivedAt, context.options.toPayload));
    if (item.kind === "event") frozen.push(freezePlan(item.plan, shared));
  }
  return frozen;
}

function explainNoMatch({ registry }: SourceContext, { received }: EventPlan): OutcomeDetail {
  const what =
    received.name === null
      ? `${received.type} events`
      : `the ${received.type} ${JSON.stringify(cutValue(received.name))}`;
  const { names, types } = registry.nearestNames(received.type, received.name);
  const hints = [...names.map((name) => JSON.stringify(name)), ...types.map((type) => `the ${type} of that name`)];
  const hint = hints.length > 0 ? ` Did you mean ${hints.join(" or ")}?` : "";
  const [nearest] = names;
  const message = `No trigger listens to ${what}.${hint}`;
  return { message, ...(nearest !== undefined && { nearest }), facts: { nearestNames: names, otherTypes: types } };
}

function recordEvents(
  context: SourceContext,
  { scope, owner }: PayloadCall,
  events: readonly NewEvent[],
): Promise<readonly RecordResult[]> {
  const { storage, dispatch } = context.options;
  const leaseMs = dispatch === "inline" ? context.options.leaseMs : null;
  return context.storageCall("events.record", (signal) =>
    storage.events.record({ owner, leaseMs, events, signal, ...scope }),
  );
}
