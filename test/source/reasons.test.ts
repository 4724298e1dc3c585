import {
  createSegmentSource,
  defineEvent,
  defineTrigger,
  defineWorkflow,
  type EventOutcome,
  type EventReason,
  formatExplanation,
  memoryStorage,
  type RecipientReason,
  runnerError,
  type TriggerDefinition,
  type TriggerReason,
} from "bellwire";
import { createTestSource, manualClock, recordingRunner, type TestSourceOptions, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";

/** Makes an event end for the reason it stands under. */
type Provocation = () => Promise<EventOutcome | undefined>;

const now = new Date("2026-03-01T12:00:00Z");
const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const common = { messageId: "m-1", timestamp: "2026-03-01T11:00:00Z", context: {}, type: "track", event: "Signed Up" };
const signUp = { ...common, userId: "ada", properties: { plan: "pro", seats: "3" } };
const outcomeOf = async (payload: unknown, options: TestSourceOptions = {}) => {
  const { send } = createTestSource({ triggers: [welcome], now, ...options });
  return (await send(payload)).events[0];
};
const by = (trigger: object, payload: unknown = signUp) =>
  outcomeOf(payload, { triggers: [{ ...welcome, ...trigger } as TriggerDefinition], users: ["ada"] });
const fail = () => {
  throw new Error("no such column");
};
const nested = (levels: number): object => (levels === 0 ? {} : { deeper: nested(levels - 1) });

/** The outcome after as many attempts as there are errors. */
async function afterFailures(errors: readonly unknown[], options: TestSourceOptions = {}) {
  const { send, source, advance, runner } = createTestSource({ triggers: [welcome], users: ["ada"], now, ...options });
  runner.failNext(...errors);
  await send(signUp);
  for (const _ of errors.slice(1)) await advance("1h");
  return (await source.events.get("m-1"))?.outcome;
}

async function pastTheWindow() {
  const clock = manualClock(now);
  const runner = recordingRunner({ idempotencyWindowMs: 60_000 });
  const source = createSegmentSource({
    storage: memoryStorage({ clock }),
    runner,
    clock,
    triggers: [welcome],
    unidentified: "create",
  });
  runner.failNext(runnerError("ambiguous", "socket hang up"));
  await source.handleSegmentPayload(signUp);
  await clock.advance("2h");
  await source.recover();
  return (await source.events.get("m-1"))?.outcome;
}

async function onceDropped() {
  const { send, source, runner } = createTestSource({ triggers: [welcome], users: ["ada"], now });
  runner.failNext(runnerError("permanent", "There is no workflow welcome."));
  await send(signUp);
  const { items } = await source.runs.list();
  await source.runs.drop(items.map((run) => run.idempotencyKey));
  return (await source.events.get("m-1"))?.outcome;
}

async function whileAnotherIsAtIt() {
  const storage = memoryStorage();
  let release = () => {};
  const stuck = {
    ...recordingRunner(),
    trigger: () => new Promise<never>((_, reject) => (release = () => reject(new Error("stopped")))),
  };
  const source = createSegmentSource({ storage, runner: stuck, triggers: [welcome], unidentified: "create" });
  const first = source.handleSegmentPayload(signUp);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const { events } = await source.handleSegmentPayload(signUp);
  release();
  await first;
  return events[0];
}

async function afterSignIn() {
  const { send } = createTestSource({ now });
  const onDevice = { ...common, type: "identify", anonymousId: "a-1" };
  await send({ ...onDevice, userId: "ada", timestamp: "2026-03-01T10:00:00Z", messageId: "m-0" });
  return (await send({ ...onDevice, traits: { plan: "pro" } })).events[0];
}

async function withoutMerge() {
  const { users, ...storage } = memoryStorage();
  const { update, find, delete: remove } = users;
  return outcomeOf(
    { ...common, type: "alias", previousId: "a-1", userId: "ada" },
    { storage: { ...storage, users: { update, find, delete: remove } } },
  );
}

async function afterDeletion() {
  const { send, source } = createTestSource({ triggers: [welcome], now });
  await source.users.delete("ada");
  return (await send(signUp)).events[0];
}

async function whileSwitchedOff() {
  const { send, source } = createTestSource({ triggers: [welcome], now });
  await source.triggers.disable("welcome", { by: "grace" });
  return (await send(signUp)).events[0];
}

async function second(payload: readonly object[], inOneCall: boolean) {
  const { send } = createTestSource({ triggers: [welcome], users: ["ada"], now });
  if (inOneCall) return (await send(...payload)).events[1];
  for (const event of payload.slice(0, -1)) await send(event);
  return (await send(payload.at(-1))).events[0];
}

const ofEvents: Readonly<Record<EventReason, Provocation>> = {
  not_an_object: () => outcomeOf("Signed Up"),
  type_missing: () => outcomeOf({ messageId: "m-1", properties: {} }),
  type_unknown: () => outcomeOf({ ...signUp, type: "trak" }),
  event_name_missing: () => outcomeOf({ ...signUp, event: undefined }),
  field_invalid: () => outcomeOf({ ...signUp, userId: { id: "ada" } }),
  event_too_large: () => outcomeOf({ ...signUp, properties: { text: "x".repeat(300_000) } }),
  event_too_deep: () => outcomeOf({ ...signUp, properties: nested(70) }),
  event_too_many_keys: () =>
    outcomeOf({ ...signUp, properties: Object.fromEntries(Array.from({ length: 10_001 }, (_, key) => [key, 1])) }),
  no_matching_trigger: () => outcomeOf({ ...signUp, event: "Signed up" }),
  identify_disabled: () =>
    outcomeOf(
      { type: "identify", userId: "ada", messageId: "m-1" },
      { environments: { production: { identify: false } } },
    ),
  no_user_id: () => outcomeOf({ type: "identify", messageId: "m-1", traits: { plan: "pro" } }),
  no_group_id: () => outcomeOf({ type: "group", userId: "ada", messageId: "m-1", traits: { name: "Acme" } }),
  said_after_sign_in: afterSignIn,
  alias_unsupported: withoutMerge,
  user_deleted: afterDeletion,
  already_processed: () => second([signUp, signUp], false),
  repeated_in_batch: () => second([signUp, signUp], true),
  leased_elsewhere: whileAnotherIsAtIt,
  trigger_failed: () => by({ recipients: fail }),
};

const amount = defineEvent("Signed Up", z.object({ plan: z.enum(["free"]), seats: z.number() }));
const broken = { "~standard": { version: 1, vendor: "host", validate: fail } } as const;
const onPlan = { path: "properties.plan", operator: "equal_to", value: "free" };

const ofTriggers: Readonly<Record<TriggerReason, Provocation>> = {
  trigger_inactive: whileSwitchedOff,
  event_too_old: () => by({ maxEventAge: "30m" }),
  schema_mismatch: () => by({ event: amount }),
  schema_failed: () => by({ event: { name: "Signed Up", schema: broken } }),
  condition_false: () => by({ when: { any: [onPlan, { not: { path: "properties.seats", operator: "exists" } }] } }),
  condition_failed: () => by({ when: fail }),
  path_unresolved: () =>
    by({ recipients: "properties.account.admins" }, { ...signUp, properties: { account: { admin: ["ada"] } } }),
  mapping_failed: () => by({ data: fail }),
  mapping_invalid: () => by({ data: "properties.plan" }),
  data_mismatch: () =>
    by({ typedWorkflow: defineWorkflow("welcome", z.object({ plan: z.string(), seats: z.number() })) }),
  no_recipients: () => by({ recipients: { "@literal": [] } }),
  not_identified: () => outcomeOf(signUp),
  no_cancellation_key: () => by({ action: "cancel", recipients: undefined, cancellationKey: "properties.orderId" }),
  runner_permanent: () => afterFailures([runnerError("permanent", "There is no workflow welcome.")]),
  runner_retryable: () => afterFailures([runnerError("retryable", "429 Too Many Requests", { retryAfterMs: 60_000 })]),
  attempts_exhausted: () => afterFailures([new Error("ECONNRESET"), new Error("ECONNRESET")], { maxAttempts: 2 }),
  idempotency_window_over: pastTheWindow,
  dropped: onceDropped,
};

const ofRecipients: Readonly<Record<RecipientReason, Provocation>> = {
  not_identified: () => by({ recipients: { "@literal": ["ada", "grace"] } }),
  recipient_invalid: () => by({ recipients: { "@literal": ["ada", null, { name: "Grace" }] } }),
  is_actor: () => by({ recipients: { "@literal": ["ada", "linus"] }, actor: "userId", excludeActor: true }),
};

const rendered = new Map<string, string>();
const provoked = async (reason: string, provocation: Provocation) => {
  const outcome = await provocation();
  if (outcome === undefined) throw new Error(`${reason} was not provoked`);
  const text = formatExplanation(outcome);
  rendered.set(reason, rendered.has(reason) ? `${rendered.get(reason)}\n\n${text}` : text);
  expect(text).toContain(reason);
  return outcome;
};
const casesOf = <Reason extends string>(provocations: Readonly<Record<Reason, Provocation>>) =>
  Object.entries(provocations) as [Reason, Provocation][];

describe("every reason there is can be met, and is explained", () => {
  it.each(casesOf(ofEvents))("of events: %s", async (reason, provocation) => {
    expect((await provoked(reason, provocation)).reason).toBe(reason);
  });

  it.each(casesOf(ofTriggers))("of triggers: %s", async (reason, provocation) => {
    expect((await provoked(reason, provocation)).triggers[0]?.reason).toBe(reason);
  });

  it.each(casesOf(ofRecipients))("of recipients: %s", async (reason, provocation) => {
    const outcome = await provoked(reason, provocation);
    expect(outcome.triggers[0]?.recipients.map((recipient) => recipient.reason)).toContain(reason);
  });

  it("as in explanations.txt", async () => {
    const page = [...rendered].map(([reason, text]) => `# ${reason}\n${text.replace(/\b\d+ ms$/gm, "5 ms")}\n`);
    await expect(page.join("\n")).toMatchFileSnapshot("explanations.txt");
  });
});

it("an event that is given a name, and nobody who listens: what is most like it is named", async () => {
  const triggers = ["Signed Up", "Signed Out", "Signed In"].map((event, index) =>
    defineTrigger({ ...welcome, key: `t-${index}`, event }),
  );
  const page = defineTrigger({ ...welcome, key: "page", event: { type: "page", name: "Sign Up" } });
  const outcome = await outcomeOf(track("Sign Up"), { triggers: [...triggers, page] });
  expect(outcome?.detail).toMatchObject({
    nearest: "Signed Up",
    facts: { nearestNames: expect.arrayContaining(["Signed Up"]), otherTypes: ["page"] },
  });
});
