import {
  createSegmentSource,
  defineTrigger,
  memoryStorage,
  runnerError,
  type Storage,
  type WorkflowRunner,
} from "bellwire";
import { segmentWebhook } from "bellwire/fetch";
import {
  alias,
  batch,
  crashAfter,
  createTestSource,
  failOn,
  group,
  identify,
  manualClock,
  page,
  recordingRunner,
  screen,
  signed,
  track,
} from "bellwire/testing";
import { type BellwireMatchers, bellwireMatchers } from "bellwire/testing/matchers";
import { describe, expect, it } from "vitest";

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: vitest's own declaration, which this one has to repeat
  interface Matchers<T = any> extends BellwireMatchers<T> {}
}
expect.extend(bellwireMatchers);

const welcome = defineTrigger({
  key: "welcome",
  event: "Signed Up",
  workflow: "welcome",
  recipients: "properties.account.admins",
});
const signUp = track("Signed Up", { account: { admins: ["ada", "grace"] } });

describe("a test source", () => {
  const one = { ...welcome, recipients: "userId", maxEventAge: "1h" } as const;
  const signUpOf = (userId: string) => track("Signed Up", {}, { userId });

  it.each<[string, readonly unknown[]]>([
    ["events one by one", [signUpOf("ada"), signUpOf("grace")]],
    ["a list of events", [[signUpOf("ada"), signUpOf("grace")]]],
    ["a batch", [batch(signUpOf("ada"), signUpOf("grace"))]],
  ])("is sent %s", async (_, sent) => {
    const { send } = createTestSource({ triggers: [one], users: ["ada", "grace"] });
    expect(await send(...sent)).toHaveTriggered("welcome", { recipients: ["ada", "grace"] });
  });

  it("says what it was sent that is a promise, which would be an event without a type", async () => {
    await expect(createTestSource().send(Promise.resolve(signUp))).rejects.toMatchObject({
      code: "PAYLOAD_NOT_EVENTS",
    });
  });

  it("takes what builders made to happen now, by its own clock", async () => {
    const source = createTestSource({ triggers: [one], users: ["ada"], now: new Date("2031-05-06T07:08:09Z") });
    expect(await source.send(signUpOf("ada"))).toHaveTriggered("welcome");
    await source.advance("2h");
    expect(await source.send(batch(signUpOf("ada")))).toHaveTriggered("welcome");
    const old = track("Signed Up", {}, { userId: "ada", timestamp: "2031-05-06T07:08:09Z" });
    expect(await source.send(old)).toHaveSkipped("welcome", "event_too_old");
  });

  it("takes what is sent later to have happened later, as often as it is tried", async () => {
    for (let round = 0; round < 20; round += 1) {
      const { send, source } = createTestSource();
      const plans = ["pro", "free", "team", "basic"].map((plan) => identify("ada", { plan }));
      for (const event of plans.slice(0, 2)) await send(event);
      await send(...plans.slice(2));
      expect((await source.users.get("ada"))?.properties["plan"]).toBe("basic");
    }
  });
});

describe("matchers", () => {
  it("pass on what happened", async () => {
    const { send } = createTestSource({ triggers: [welcome], users: ["ada"] });
    const result = await send(signUp);
    expect(result).toHaveTriggered("welcome");
    expect(result).toHaveTriggered("welcome", { recipients: ["ada"] });
    expect(result).not.toHaveTriggered("welcome", { recipients: ["grace"] });
    expect(result).not.toHaveSkipped("welcome");
    expect(await send(track("Signed Up", {}))).toHaveSkipped("welcome", "path_unresolved");
  });

  it("fail with the explanation: the path, the step where it ended and the nearest key", async () => {
    const { send } = createTestSource({ triggers: [welcome] });
    const result = await send(track("Signed Up", { account: { admin: ["ada"] } }));
    const failure = () => expect(result).toHaveTriggered("welcome", { recipients: ["ada"] });
    for (const part of [
      "to have run for ada",
      "path_unresolved",
      "properties.account.admins",
      "properties.account.admin",
    ]) {
      expect(failure).toThrow(part);
    }
    const wrong = await createTestSource({ triggers: [welcome], unidentified: "create" }).send(signUp);
    expect(() => expect(wrong).toHaveTriggered("welcome", { recipients: ["ada"] })).toThrow("It ran for ada, grace");
  });
});

describe("toHaveTriggered, of whom nothing or not all was sent", () => {
  const hold = { hold: "15m", then: "skip" } as const;
  const options = { triggers: [welcome], users: ["ada"] };

  it("counts who was notified, though others are held", async () => {
    const result = await createTestSource({ ...options, unidentified: hold }).send(signUp);
    expect(result).toHaveTriggered("welcome", { recipients: ["ada"] });
    expect(() => expect(result).not.toHaveTriggered("welcome")).toThrow("It ran for ada.");
    expect(result).not.toHaveTriggered("welcome", { recipients: ["ada", "grace"] });
    const held = await createTestSource({ triggers: [welcome], unidentified: hold }).send(signUp);
    expect(() => expect(held).toHaveTriggered("welcome")).toThrow("It was held (not_identified).");
  });

  it("does not count an attempt that failed, and does what is to be sent", async () => {
    const { send, source, runner } = createTestSource(options);
    expect(await source.preview(signUp)).toHaveTriggered("welcome", { recipients: ["ada"] });
    runner.failNext(runnerError("retryable", "429"));
    const result = await send(signUp);
    expect(() => expect(result).toHaveTriggered("welcome")).toThrow("It was pending (runner_retryable).");
    const later = createTestSource({ ...options, dispatch: "background" });
    expect(await later.send(signUp)).toHaveTriggered("welcome");
  });
});

it("toHaveCanceled passes where a run was canceled, and not where one was started", async () => {
  const stop = { ...welcome, key: "stop", action: "cancel", cancellationKey: "messageId" } as const;
  const { send, source } = createTestSource({ triggers: [welcome, defineTrigger(stop)], users: ["ada"] });
  expect(await source.preview(signUp)).not.toHaveCanceled("stop");
  const result = await send(signUp);
  expect(result).toHaveCanceled("stop");
  expect(result).toHaveCanceled("stop", { recipients: ["grace", "ada"] });
  expect(result).not.toHaveTriggered("stop");
  expect(() => expect(result).toHaveCanceled("stop", { recipients: ["ada"] })).toThrow("It canceled for ada, grace.");
  expect(() => expect(result).toHaveCanceled("welcome")).toThrow("It was triggered.");
});

it.each(["toHaveTriggered", "toHaveCanceled", "toHaveSkipped"] as const)(
  "%s says what it was given that is no result, even where it is not to match",
  async (matcher) => {
    const promise = createTestSource({ triggers: [welcome] }).send(signUp);
    const { events } = await promise;
    const given: [unknown, string][] = [
      [promise, "a promise: await it first"],
      [events[0], "the outcome of one event: pass the whole result"],
      [events, "a list"],
      [{}, "another object"],
      [undefined, "undefined"],
      [null, "null"],
    ];
    for (const [received, name] of given) {
      expect(() => expect(received).not[matcher]("welcome")).toThrow(`${matcher} looks at what handleSegmentPayload`);
      expect(() => expect(received)[matcher]("welcome")).toThrow(`it was given ${name}`);
    }
  },
);

describe("createTestSource", () => {
  it("lets time pass: a hold ends, a failed attempt is repeated", async () => {
    const { send, advance, runs, runner } = createTestSource({
      triggers: [welcome],
      users: ["ada"],
      unidentified: { hold: "15m", then: "create" },
    });
    runner.failNext(new Error("socket hang up"));
    await send(signUp);
    await advance("1h");
    expect(runs.map(({ request }) => String(request.recipients)).sort()).toEqual(["ada", "ada", "grace"]);
  });

  it("an identify releases a hold", async () => {
    const { send, runs } = createTestSource({ triggers: [welcome], unidentified: { hold: "15m", then: "skip" } });
    await send(signUp);
    await send(identify("grace"));
    expect(runs.map(({ request }) => request.recipients)).toEqual([["grace"]]);
  });
});

it("a recipient that was left out counts as skipped for its reason", async () => {
  const { send } = createTestSource({ triggers: [welcome], users: ["ada"] });
  const result = await send(signUp);
  expect(result).toHaveSkipped("welcome", "not_identified");
  expect(result).not.toHaveSkipped("welcome", "is_actor");
  expect(() => expect(result).toHaveSkipped("welcome", "is_actor")).toThrow("It was triggered.");
  expect(() => expect(result).toHaveTriggered("welcom")).toThrow("No event reached it; these did: welcome.");
  expect(() => expect(result).not.toHaveTriggered("welcome")).toThrow("It ran for ada.");
});

it("what is built is what Segment sends", async () => {
  const { source, send } = createTestSource();
  const events = [
    track("Signed Up", { plan: "pro" }, { userId: "ada" }),
    identify("ada", { email: "ada@example.com" }),
    page("Pricing", { path: "/pricing" }, { userId: "ada" }),
    screen("Home", {}, { userId: "ada" }),
    group("acme", { name: "Acme" }, { userId: "ada" }),
    alias("ada", "anonymous-1"),
  ];
  const { events: outcomes } = await source.handleSegmentPayload(batch(...events));
  expect(outcomes.map(({ type, name, status }) => [type, name, status])).toEqual([
    ["track", "Signed Up", "ignored"],
    ["identify", null, "processed"],
    ["page", "Pricing", "ignored"],
    ["screen", "Home", "ignored"],
    ["group", null, expect.stringMatching(/ignored|processed/)],
    ["alias", null, "processed"],
  ]);
  expect((await send(events[0])).events[0]?.status).toBe("duplicate");
});

it("a signed request is let in as Segment's own, and not when anything of it is changed", async () => {
  const environments = { production: { sharedSecrets: ["secret"] } };
  const { source } = createTestSource({ environments });
  const handler = segmentWebhook(source);
  const url = "http://localhost/webhooks/segment/production/";
  const signUps = [track("Signed Up"), track("Signed Up")];
  const statusOf = async (request: Request) => (await handler(request)).status;
  expect(await statusOf(signed(signUp, { secret: "secret", url }).request)).toBe(200);
  expect(await statusOf(signed(signUps, { secret: "secret", url, covers: "all" }).request)).toBe(200);
  // As Segment signs, a batch beyond its first event is covered by nothing.
  expect(await statusOf(signed(signUps, { secret: "secret", url }).request)).toBe(401);
  expect(await statusOf(signed(signUp, { secret: "other", url }).request)).toBe(401);
  const { method, headers, body } = signed(signUp, { secret: "secret", headers: { "user-agent": "Segment" } });
  expect(headers["user-agent"]).toBe("Segment");
  expect(await statusOf(new Request(url, { method, headers, body: body.replace("ada", "eve") }))).toBe(401);
});

it("a recording runner declares the capabilities that it is given", () => {
  const refuses = { actor: "The engine has none." };
  expect(recordingRunner().capabilities).toEqual({ maxRecipients: null, idempotencyWindowMs: null });
  expect(recordingRunner({ maxRecipients: 3, tenantTraits: true, refuses }).capabilities).toEqual({
    maxRecipients: 3,
    idempotencyWindowMs: null,
    tenantTraits: true,
    refuses,
  });
});

describe("faults", () => {
  const setUp = (storage: Storage, runner: WorkflowRunner = recordingRunner()) =>
    createSegmentSource({ storage, runner, triggers: [welcome], unidentified: "create" });

  it("a storage that fails before: nothing is recorded, and handing the payload in again is all there is to do", async () => {
    const source = setUp(failOn(memoryStorage(), "events.record"));
    await expect(source.handleSegmentPayload(signUp)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    expect(await source.handleSegmentPayload(signUp)).toHaveTriggered("welcome");
  });

  it("a storage that fails after: it was recorded, and is not recorded twice", async () => {
    const storage = memoryStorage();
    const source = setUp(failOn(storage, "events.record", { when: "after", error: new Error("reset") }));
    await expect(source.handleSegmentPayload(signUp)).rejects.toThrow();
    expect((await storage.events.list({ environment: "default", limit: 10 })).items).toHaveLength(1);
  });

  it("a runner that fails on some calls", async () => {
    const recording = recordingRunner();
    const source = setUp(memoryStorage(), failOn(recording, "trigger", { calls: [2] }));
    const send = async () =>
      (await source.handleSegmentPayload({ ...signUp, messageId: crypto.randomUUID() })).retryable;
    expect([await send(), await send(), await send()]).toEqual([false, true, false]);
    expect(recording.runs).toHaveLength(2);
    const never = setUp(memoryStorage(), failOn(recordingRunner(), "trigger", { calls: "all" }));
    expect((await never.handleSegmentPayload(signUp)).retryable).toBe(true);
  });

  it.each(["events.record", "runs.settle"] as const)(
    "a process that dies after %s: the next one ends it",
    async (method) => {
      const clock = manualClock();
      const storage = memoryStorage({ clock });
      const runner = recordingRunner();
      const options = { runner, clock, triggers: [welcome], unidentified: "create" } as const;
      const dying = createSegmentSource({ ...options, storage: crashAfter(storage, method) });
      const answer = await dying.handleSegmentPayload(signUp).catch((error: unknown) => error);
      await expect(dying.users.get("ada")).rejects.toThrow();
      await clock.advance("2m");
      const next = createSegmentSource({ ...options, storage });
      await next.recover();
      expect((await next.events.get(String(signUp["messageId"])))?.outcome.status).toBe("processed");
      expect(new Set(runner.runs.map(({ context }) => context.idempotencyKey)).size).toBe(1);
      expect(answer).toBeDefined();
    },
  );

  it("leave what they wrap otherwise as it is", () => {
    const runner = failOn(recordingRunner({ maxRecipients: 3 }), "cancel");
    expect([runner.capabilities.maxRecipients, runner.identify, typeof runner.cancel]).toEqual([
      3,
      undefined,
      "function",
    ]);
    expect(() => {
      // @ts-expect-error a method that there is not
      failOn(memoryStorage(), "events.recrod");
    }).not.toThrow();
  });
});
