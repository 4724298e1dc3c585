import type { PayloadResult } from "../outcome/outcome.js";
import type { ReceivedEvent } from "../segment/event.js";
import { parseSegmentPayload } from "../segment/parse.js";
import type { ClaimedRun } from "../storage/run-store.js";
import type { SourceScope } from "../storage/scope.js";
import type { NewEvent, RecordResult } from "../storage/storage.js";
import { dispatchClaimed, nothingDispatched } from "./dispatch-claimed.js";
import type { FreezeOptions } from "./freeze-options.js";
import { freezeInvalid, freezePlan } from "./freeze-plan.js";
import { frozenRequest } from "./frozen-run.js";
import { findReleased, mayRelease, wakeHeld } from "./holds.js";
import { type IdentifiedUsers, identifyUsers } from "./identify-users.js";
import type { HandleSegmentPayloadOptions } from "./payload-options.js";
import { toPayloadResult } from "./payload-outcome.js";
import type { EventPlan } from "./plan-event.js";
import { type PayloadItem, planPayload } from "./plan-payload.js";
import { recordPlans } from "./record-plans.js";
import type { RunTask } from "./run-task.js";
import { ownLeaseMs, type SourceContext, throwIfAborted } from "./source-context.js";
import { isIdentifyEnabled } from "./source-environments.js";
import { forgetAtEngine } from "./tell-engine.js";
import { asItIs, findTenants, tenantsOf } from "./tenant-traits.js";

export interface PayloadCall {
  readonly scope: SourceScope;
  readonly payload: unknown;
  readonly options: HandleSegmentPayloadOptions;
  /** Names this process in the leases it takes. */
  readonly owner: string;
  /** Keeps work that outlives the call from being forgotten by `close`. */
  readonly track: (work: Promise<void>) => void;
}

/**
 * The pipeline, a whole payload at a time: parse, match and resolve, identify, look up, record, dispatch, settle. It awaits only where
 * there is something to wait for.
 */
export async function handlePayload(context: SourceContext, call: PayloadCall): Promise<PayloadResult> {
  const { clock, limits, leaseMs, dispatch } = context.options;
  const { environment } = call.scope;
  const { defaultType, signal } = call.options;
  const now = clock.now();
  const wait = context.deadlines.open(now);
  const receivedAt = call.options.receivedAt ?? new Date(now);

  const parsed = parseSegmentPayload(call.payload, { receivedAt, limits, defaultType });
  if (parsed.length === 0) return { events: [], retryable: false };
  throwIfAborted(signal);

  const view = context.overrides.fresh() ?? (await context.overrides.current());
  const identifyEnabled = isIdentifyEnabled(context.options, view, environment);
  const items = planPayload(context, parsed, { environment, receivedAt, identifyEnabled, view });
  const plans = plansOf(items);
  const users = await identifyUsers(context, environment, plans);
  throwIfAborted(signal);

  const tenants = tenantsOf(context, plans);
  const toTenant = tenants.size === 0 ? asItIs : await findTenants(context, environment, tenants);
  const freezing = { receivedAt, identifyEnabled, users, toTenant, isAlone: items.length === 1 };
  const leasedUntil = clock.now() + leaseMs;
  const { events, recorded } = await recordPlans({
    items: items.filter(({ kind }) => kind !== "repeated"),
    freeze: (some, gone) => freezeItems(context, call.scope, { items: some, gone, ...freezing }),
    record: (frozen) => recordEvents(context, call, frozen),
    recipients: users.recipients,
  });

  if (users.deleted.length > 0) await forgetAtEngine(context, environment, users.deleted);
  const holds = { users, recorded, waitingFor: waitingForOf(events) };
  const released = mayRelease(holds) ? await findReleased(context, environment, holds) : nobody;
  const waking = { owner: call.owner, userIds: released, leaseMs: ownLeaseMs(context.options), ...call.scope };
  const woken = released.length === 0 ? noRuns : await wakeHeld(context, waking);
  const claimed = toTasks(events, recorded, woken);
  const { owner, track } = call;
  const dispatching = { claimed, environment, owner, leasedUntil, wait, signal, track };
  const dispatched = claimed.length === 0 ? nothingDispatched : await dispatchClaimed(context, dispatching);
  const isInline = dispatch === "inline";
  const result = toPayloadResult({ items, events, recorded, dispatched, woken: released, isInline });
  announce(context, environment, { items, receivedAt, result });
  return result;
}

const nobody: readonly string[] = [];
const noRuns: readonly ClaimedRun[] = [];

function plansOf(items: readonly PayloadItem[]): readonly EventPlan[] {
  const plans: EventPlan[] = [];
  for (const item of items) if (item.kind === "event") plans.push(item.plan);
  return plans;
}

function waitingForOf(events: readonly NewEvent[]): readonly string[] {
  const waitingFor: string[] = [];
  for (const { runs } of events) {
    for (const { hold } of runs) if (hold !== undefined) waitingFor.push(hold.userId);
  }
  return waitingFor;
}

function toTasks(
  events: readonly NewEvent[],
  recorded: readonly RecordResult[],
  woken: readonly ClaimedRun[],
): readonly RunTask[] {
  const tasks: RunTask[] = [];
  for (let index = 0; index < recorded.length; index += 1) {
    const [event, result] = [events[index], recorded[index]];
    if (event !== undefined && result !== undefined) addTasks(tasks, event, result);
  }
  for (const each of woken) tasks.push(each);
  return tasks;
}

/** A run that was planned before is sent as it was planned then, whatever the triggers say now. */
function addTasks(tasks: RunTask[], { runs }: NewEvent, { status, claimed }: RecordResult): void {
  let place = 0;
  for (const { run, fence, leasedUntil } of claimed) {
    // Those that are held are not among the claimed; otherwise both stand in the same order.
    while (place < runs.length && runs[place]?.idempotencyKey !== run.idempotencyKey) place += 1;
    const planned = status === "new" ? runs[place] : undefined;
    tasks.push({ run, fence, leasedUntil, request: planned === undefined ? null : frozenRequest(planned) });
  }
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

interface FreezeItemsParams {
  readonly items: readonly PayloadItem[];
  readonly receivedAt: Date;
  readonly identifyEnabled: boolean;
  readonly users: IdentifiedUsers;
  readonly toTenant: FreezeOptions["toTenant"];
  readonly gone: ReadonlySet<string>;
  /** Whether the payload is one event. */
  readonly isAlone: boolean;
}

function freezeItems(
  { options, registry, keysOf }: SourceContext,
  scope: SourceScope,
  { items, receivedAt, identifyEnabled, users, toTenant, gone, isAlone }: FreezeItemsParams,
): readonly NewEvent[] {
  const { toPayload, unidentified, runner, storage } = options;
  const isLazy = storage.events.readsByName === true;
  const freezing: FreezeOptions = {
    scope,
    keyOf: keysOf(scope),
    isLazy,
    textOf: isLazy ? (isAlone ? keptText : writeEvent) : textOfEvent,
    receivedAt,
    toPayload,
    runner,
    registry,
    toTenant,
    gone,
    users,
    identifyEnabled,
    unidentified,
  };
  const frozen: NewEvent[] = [];
  for (const item of items) {
    if (item.kind === "invalid") frozen.push(freezeInvalid(item.invalid, receivedAt, toPayload));
    if (item.kind === "event") frozen.push(freezePlan(item.plan, freezing));
  }
  return frozen;
}

function textOfEvent({ text }: Pick<ReceivedEvent, "text">): string | null {
  return text;
}

/** Of an event that came as an object a text: the object stays the caller's, who may use it again. */
function keptText(received: Pick<ReceivedEvent, "event" | "text">): string {
  return received.text ?? writeEvent(received);
}

/** In memory a part of a payload's text would keep the whole of it. */
function writeEvent({ event }: Pick<ReceivedEvent, "event">): string {
  return JSON.stringify(event);
}

function recordEvents(
  context: SourceContext,
  { scope, owner }: PayloadCall,
  events: readonly NewEvent[],
): Promise<readonly RecordResult[]> {
  const { storage } = context.options;
  const leaseMs = ownLeaseMs(context.options);
  return context.storageCall("events.record", (signal) =>
    storage.events.record({ owner, leaseMs, events, signal, ...scope }),
  );
}
