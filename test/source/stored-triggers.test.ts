import {
  createSegmentSource,
  defineEvent,
  defineTrigger,
  memoryStorage,
  type SegmentSourceOptions,
  type TriggerDefinition,
} from "bellwire";
import { manualClock, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const invite = defineTrigger({ key: "invite", event: "Invited", workflow: "invite", recipients: "properties.guest" });

/** Two processes on one storage. */
function setUp(options: Partial<SegmentSourceOptions> = {}) {
  const clock = manualClock(new Date("2026-03-01T12:00:00Z"));
  const storage = memoryStorage({ clock });
  const warnings: object[] = [];
  const log = () => undefined;
  const logger = { debug: log, info: log, error: log, warn: (fields: object) => void warnings.push(fields) };
  const start = (more: Partial<SegmentSourceOptions> = {}) => {
    const runner = recordingRunner();
    const all = { storage, clock, runner, logger, unidentified: "create" as const, ...options, ...more };
    const source = createSegmentSource(all);
    const [environment] = source.environments.names;
    const signUp = async (name = "Signed Up") =>
      (await source.handleSegmentPayload(track(name, { guest: "grace" }, { userId: "ada" }), { environment }))
        .events[0];
    return { source, runner, signUp };
  };
  return { clock, storage, warnings, start, ...start() };
}
const keysOf = (listings: readonly { readonly key: string }[]) => listings.map(({ key }) => key);

describe("a trigger that is saved at run time", () => {
  it("is used by this process at once, by others within overridesTtl, and by none once it is removed", async () => {
    const { source, signUp, start, clock, runner } = setUp();
    const other = start();
    expect((await other.signUp())?.reason).toBe("no_matching_trigger");
    expect((await signUp())?.reason).toBe("no_matching_trigger");
    await source.triggers.save(welcome, { by: "ops" });
    expect((await signUp())?.triggers).toMatchObject([{ trigger: "welcome", status: "triggered" }]);
    expect((await other.signUp())?.reason).toBe("no_matching_trigger");
    await clock.advance("5s");
    expect((await other.signUp())?.triggers).toMatchObject([{ trigger: "welcome", status: "triggered" }]);
    expect(await other.source.triggers.remove("welcome")).toBe(true);
    expect(await other.source.triggers.remove("welcome")).toBe(false);
    expect((await other.signUp())?.reason).toBe("no_matching_trigger");
    await clock.advance("5s");
    expect((await signUp())?.reason).toBe("no_matching_trigger");
    expect(runner.runs.map(({ context }) => context.trigger)).toEqual(["welcome"]);
  });

  it("stands beside those of the code, with who saved it and when, and is not compiled again while it is the same", async () => {
    const { source, clock } = setUp({ triggers: [invite] });
    await source.triggers.save(JSON.parse(JSON.stringify(welcome)), { by: "ops" });
    const listed = await source.triggers.list();
    expect(listed).toMatchObject([
      { key: "invite", origin: "code", savedBy: null, savedAt: null, problem: null },
      { key: "welcome", origin: "stored", savedBy: "ops", savedAt: new Date(clock.now()), definition: welcome },
    ]);
    await clock.advance("1m");
    expect((await source.triggers.list())[1]?.definition).toBe(listed[1]?.definition);
  });

  it("is replaced by the next one of its key", async () => {
    const { source, signUp, runner } = setUp();
    await source.triggers.save(welcome);
    await signUp();
    await source.triggers.save({ ...welcome, event: "Invited", workflow: "other" });
    expect((await signUp())?.reason).toBe("no_matching_trigger");
    await signUp("Invited");
    expect(runner.runs.map(({ request }) => request.workflow)).toEqual(["welcome", "other"]);
  });

  it("is switched by environment, also from a process that has not seen it yet; removing it forgets that", async () => {
    const { source, start, clock, signUp } = setUp({ environments: { production: {}, development: {} } });
    const other = start();
    await other.signUp();
    await source.triggers.save({ ...welcome, active: { development: false } });
    await other.source.triggers.disable("welcome", { environment: "production", by: "ada" });
    await clock.advance("5s");
    expect((await signUp())?.triggers).toMatchObject([
      { reason: "trigger_inactive", detail: { message: expect.stringContaining("by ada") } },
    ]);
    expect((await source.triggers.list())[0]?.environments).toMatchObject({
      production: { active: false, changedBy: "ada" },
      development: { active: false, changedBy: null },
    });
    await source.triggers.enable("welcome", { environment: "development" });
    await source.triggers.remove("welcome");
    await source.triggers.save(welcome);
    expect((await signUp())?.triggers).toMatchObject([{ status: "triggered" }]);
    await expect(source.triggers.disable("nobody's")).rejects.toMatchObject({
      code: "CONFIG_TRIGGER_UNKNOWN",
      message: expect.stringContaining("there are: welcome."),
    });
  });

  it("is previewed, explained and compared like any other, and can hold", async () => {
    const { source, signUp } = setUp();
    await source.triggers.save({ ...welcome, unidentified: { hold: "15m", then: "skip" } });
    expect((await signUp())?.triggers).toMatchObject([{ status: "held" }]);
    const preview = await source.preview(track("Signed Up", {}, { userId: "alan" }));
    expect(preview.events[0]?.triggers).toMatchObject([{ trigger: "welcome", status: "held" }]);
    await source.users.identify({ id: "ada" });
    expect((await source.runs.list()).items).toMatchObject([{ trigger: "welcome", status: "triggered" }]);
  });
});

describe("what can not be saved", () => {
  const typed = defineEvent("Signed Up", z.object({ plan: z.string() }));
  it.each<readonly [string, TriggerDefinition, string]>([
    ["a function", { ...welcome, recipients: () => "ada" }, "recipients: is a function"],
    ["a function within", { ...welcome, data: { a: [{ "@literal": (() => 1) as never }] } }, "data.a.0.@literal"],
    ["a schema", { ...welcome, event: typed }, "event: has a schema"],
    ["a date", { ...welcome, when: { path: "a", operator: "equal_to", value: new Date() } }, "when.value: is a Date"],
    ["a number without JSON", { ...welcome, data: { a: Number.NaN } }, "data.a: is NaN, which is no JSON"],
    ["a wrong path", { ...welcome, recipients: "a[" }, "recipients"],
    ["an unknown field", { ...welcome, recipient: "a" } as never, "Did you mean recipients?"],
    ["nothing", null as never, "is not an object"],
    ["a key of the code", { ...invite }, "invite"],
  ])("%s", async (_, definition, message) => {
    const { source, storage } = setUp({ triggers: [invite] });
    await expect(source.triggers.save(definition)).rejects.toMatchObject({
      code: expect.stringMatching(/^CONFIG_(TRIGGER_INVALID|PATH_INVALID|TRIGGER_DUPLICATE)$/),
      message: expect.stringContaining(message),
    });
    expect((await storage.triggers.load({ source: "segment" })).stored).toEqual([]);
  });

  it("what the runner has no place for", async () => {
    const runner = {
      capabilities: { maxRecipients: null, idempotencyWindowMs: null },
      trigger: () => Promise.reject(),
    };
    const { start } = setUp();
    const cancel = { key: "c", event: "Left", workflow: "w", action: "cancel", cancellationKey: "userId" } as const;
    await expect(start({ runner }).source.triggers.save(cancel)).rejects.toThrow("can not cancel");
  });
});

describe("a stored trigger that this version can not use", () => {
  const stored = (key: string, definition: unknown) => ({
    source: "segment",
    trigger: { key, definition: String(definition), savedBy: "ops", savedAt: new Date(0) },
  });

  it.each([
    ["has a field of another version", JSON.stringify({ ...welcome, priority: 1 }), "priority"],
    ["has a path of another version", JSON.stringify({ ...welcome, recipients: "a[?b]" }), "recipients"],
    ["is not JSON", "{", "not JSON"],
    ["is not an object", "null", "not JSON"],
    ["has another key", JSON.stringify(invite), "another key"],
  ])("because it %s is passed over, logged once and listed with its problem", async (_, definition, problem) => {
    const { source, storage, signUp, clock, warnings } = setUp();
    await storage.triggers.save(stored("welcome", definition));
    await source.triggers.save(invite);
    expect((await signUp())?.reason).toBe("no_matching_trigger");
    expect((await signUp("Invited"))?.triggers).toMatchObject([{ status: "triggered" }]);
    await clock.advance("1m");
    await signUp();
    expect(warnings).toMatchObject([{ trigger: "welcome", problem: expect.stringContaining(problem) }]);
    expect((await source.triggers.list())[1]).toMatchObject({
      key: "welcome",
      savedBy: "ops",
      problem: expect.stringContaining(problem),
      environments: { default: { active: false } },
    });
    await source.triggers.save(welcome);
    expect((await signUp())?.triggers).toMatchObject([{ status: "triggered" }]);
  });

  it("because the code has one of its key gives way, whichever comes first, and comes back", async () => {
    const { source, start, signUp, runner } = setUp();
    await source.triggers.save(welcome);
    await signUp();
    source.triggers.register({ ...welcome, workflow: "of-code" });
    await signUp();
    expect(runner.runs.map(({ request }) => request.workflow)).toEqual(["welcome", "of-code"]);
    expect(source.triggers.unregister("welcome")).toBe(true);
    expect(keysOf(await source.triggers.list())).toEqual(["welcome"]);
    await signUp();
    expect(runner.runs.at(-1)?.request.workflow).toBe("welcome");
    expect(source.triggers.unregister("welcome")).toBe(false);
    const deployed = start({ triggers: [{ ...welcome, workflow: "of-code" }] });
    await deployed.signUp();
    expect(deployed.runner.runs.map(({ request }) => request.workflow)).toEqual(["of-code"]);
    expect(await deployed.source.triggers.list()).toMatchObject([
      { origin: "code", problem: null },
      { origin: "stored", problem: expect.stringContaining("The code registers") },
    ]);
    expect(() => source.triggers.register({ ...welcome, recipients: "a[" })).toThrow("recipients");
    await signUp();
    expect(runner.runs.at(-1)?.request.workflow).toBe("welcome");
  });
});

it("a payload that comes while the very first reading and a save overlap has the stored triggers", async () => {
  const { start, storage, source } = setUp();
  await source.triggers.save(welcome);
  let letGo = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const load: typeof storage.triggers.load = async (params) => {
    const loaded = await storage.triggers.load(params);
    await gate;
    return loaded;
  };
  const slow = start({ storage: { ...storage, triggers: { ...storage.triggers, load } } });
  const handling = slow.signUp();
  await slow.source.triggers.save(invite);
  letGo();
  expect((await handling)?.triggers).toMatchObject([{ trigger: "welcome", status: "triggered" }]);
});
