import type { SegmentEvent } from "bellwire";
import {
  BellwireError,
  createSegmentSource,
  defineTrigger,
  functionRunner,
  memoryStorage,
  runnerError,
  type SegmentSourceOptions,
  type Storage,
} from "bellwire";
import { identify, manualClock, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const setUp = (options: Partial<SegmentSourceOptions> = {}) => {
  const runner = recordingRunner();
  const storage = memoryStorage();
  const source = createSegmentSource({ storage, runner, triggers: [welcome], unidentified: "create", ...options });
  return { runner, source, storage };
};
const signUp = (userId: string, messageId = `m-${userId}`) =>
  track("Signed Up", { plan: "pro" }, { userId, messageId });

/** Counts the calls of every port method, and may make them fail. */
function observed(storage: Storage, before: (method: string, call: number) => void = () => undefined) {
  const calls: string[] = [];
  const wrap = <Port extends object>(name: string, port: Port): Port =>
    new Proxy(port, {
      get: (target, method) => {
        const original: unknown = Reflect.get(target, method);
        if (typeof original !== "function") return original;
        return async (...parameters: unknown[]) => {
          calls.push(`${name}.${String(method)}`);
          before(`${name}.${String(method)}`, calls.length);
          return Reflect.apply(original, target, parameters);
        };
      },
    });
  const { events, runs, users, groups, triggers, audit } = storage;
  return {
    calls,
    storage: {
      events: wrap("events", events),
      runs: wrap("runs", runs),
      users: wrap("users", users),
      groups: wrap("groups", groups),
      triggers: wrap("triggers", triggers),
      audit: wrap("audit", audit),
    },
  };
}

const again = (event: SegmentEvent) => ({ ...event, messageId: `again-${event["messageId"]}` });

describe("a payload costs the same number of storage calls whatever its size", () => {
  it.each([1, 1_000])("%i events", async (count) => {
    const { calls, storage } = observed(memoryStorage());
    const { source, runner } = setUp({ storage, unidentified: "skip" });
    const people = Array.from({ length: count }, (_, index) => `user-${index}`);
    const mixed = people.flatMap((userId) => [
      signUp(userId),
      identify(userId, { plan: "pro" }),
      track("Shared", {}, { userId: `${userId}-unknown` }),
    ]);
    const { events } = await source.handleSegmentPayload(mixed);
    // New users may be waited for by runs of other sources.
    expect(calls).toEqual(["triggers.load", "users.update", "events.record", "runs.wake", "runs.settle"]);
    expect(runner.runs).toHaveLength(count);
    expect(new Set(events.map((event) => event.status))).toEqual(new Set(["processed", "ignored"]));
  });

  it("and one more where recipients have to be looked up", async () => {
    const { calls, storage } = observed(memoryStorage());
    const { source } = setUp({ storage, unidentified: "skip" });
    await source.handleSegmentPayload([signUp("ada"), signUp("grace"), identify("ada")]);
    const calledFirst = calls.splice(0);
    expect(calledFirst).toEqual([
      "triggers.load",
      "users.update",
      "users.known",
      "events.record",
      "runs.wake",
      "runs.settle",
    ]);
    await source.handleSegmentPayload([signUp("ada"), signUp("grace"), identify("ada", { plan: "pro" })].map(again));
    expect(calls).toEqual(["users.update", "users.known", "events.record", "runs.settle"]);
  });
});

describe("deliveries", () => {
  it("a track before its identify in the same batch notifies", async () => {
    const { source, runner } = setUp({ unidentified: "skip" });
    await source.handleSegmentPayload([signUp("ada"), identify("ada", { email: "ada@example.com" })]);
    expect(runner.runs.map((run) => run.request.recipients)).toEqual([["ada"]]);
  });

  it("a redelivery, alone, regrouped or twice in one batch, runs nothing again", async () => {
    const { source, runner } = setUp();
    await source.handleSegmentPayload([signUp("ada"), signUp("grace")]);
    const { events, retryable } = await source.handleSegmentPayload([
      signUp("grace"),
      signUp("linus"),
      signUp("ada"),
      signUp("linus"),
    ]);
    expect(events.map(({ status, reason }) => [status, reason])).toEqual([
      ["duplicate", "already_processed"],
      ["processed", undefined],
      ["duplicate", "already_processed"],
      ["duplicate", "repeated_in_batch"],
    ]);
    expect(retryable).toBe(false);
    expect(runner.runs).toHaveLength(3);
  });

  it("of another event of the payload is told as what it is", async () => {
    const { source } = setUp();
    const messageId = "m-1";
    const { events } = await source.handleSegmentPayload([
      { type: "identify", userId: "ada", messageId },
      { type: "track", event: "Signed Up", userId: "ada", messageId },
      { type: "identify", userId: "ada", messageId },
      { type: "track", event: "Signed Up", userId: "ada", messageId: "m-2" },
      { type: "track", event: "Signed In", userId: "ada", messageId: "m-2" },
    ]);
    expect(
      events.map(({ reason, detail }) => (reason === "repeated_in_batch" ? (detail?.message ?? "") : null)),
    ).toEqual([
      null,
      "Event 0 of the payload, the identify, has the same messageId, and is the one that was handled. Give each event a messageId of its own.",
      "",
      null,
      'Event 3 of the payload, the track "Signed Up", has the same messageId, and is the one that was handled. Give each event a messageId of its own.',
    ]);
  });

  it.each([
    ["environment", { environments: { a: {}, b: {} } }],
    ["source", {}],
  ])("the same messageId in another %s is another event", async (what, options) => {
    const { source, runner, storage } = setUp(options);
    const other = createSegmentSource({
      key: "other",
      storage,
      runner,
      triggers: [welcome],
      unidentified: "create",
      ...options,
    });
    const [first, second] = what === "source" ? [{}, {}] : [{ environment: "a" }, { environment: "b" }];
    await source.handleSegmentPayload(signUp("ada"), first);
    await (what === "source" ? other : source).handleSegmentPayload(signUp("ada"), second);
    expect(new Set(runner.runs.map((run) => run.context.idempotencyKey)).size).toBe(2);
  });

  it("a transient failure is retried by the redelivery: same key, same request, and only what failed", async () => {
    const { source, runner } = setUp({ triggers: [welcome, { ...welcome, key: "second" }] });
    runner.failNext(runnerError("retryable", "busy"));
    const failed = await source.handleSegmentPayload(signUp("ada"));
    expect(failed).toMatchObject({
      retryable: true,
      events: [
        {
          status: "in_progress",
          triggers: [{ status: "pending", reason: "runner_retryable" }, { status: "triggered" }],
        },
      ],
    });
    const again = await source.handleSegmentPayload(signUp("ada"));
    expect(again).toMatchObject({
      retryable: false,
      events: [{ status: "processed", triggers: [{ status: "triggered" }, { status: "triggered" }] }],
    });
    expect(runner.runs.map(({ context }) => [context.trigger, context.attempt])).toEqual([
      ["welcome", 1],
      ["second", 1],
      ["welcome", 2],
    ]);
    expect(runner.runs[2]?.context.idempotencyKey).toBe(runner.runs[0]?.context.idempotencyKey);
    expect(runner.runs[2]?.request).toEqual(runner.runs[0]?.request);
  });

  it("the plan is frozen: a trigger that changed does not change what was planned", async () => {
    const { source, runner } = setUp();
    runner.failNext(runnerError("retryable", "busy"));
    await source.handleSegmentPayload(signUp("ada"));
    source.triggers.unregister("welcome");
    source.triggers.register({ ...welcome, workflow: "changed", data: { other: true } });
    await source.handleSegmentPayload(signUp("ada"));
    expect(runner.runs.map((run) => JSON.stringify(run.request))).toEqual([
      JSON.stringify(runner.runs[0]?.request),
      JSON.stringify(runner.runs[0]?.request),
    ]);
  });

  it("while another process has the runs, a redelivery is told to come again", async () => {
    const storage = memoryStorage();
    let release = () => undefined as void;
    const stuck = createSegmentSource({
      storage,
      runner: functionRunner(() => new Promise<void>((resolve) => (release = resolve))),
      triggers: [welcome],
      unidentified: "create",
    });
    const first = stuck.handleSegmentPayload(signUp("ada"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { source, runner } = setUp({ storage });
    expect(await source.handleSegmentPayload(signUp("ada"))).toMatchObject({
      retryable: true,
      events: [{ status: "in_progress", reason: "leased_elsewhere" }],
    });
    release();
    expect(await first).toMatchObject({ retryable: false, events: [{ status: "processed" }] });
    expect(runner.runs).toHaveLength(0);
  });

  it("past the deadline it answers, since all is recorded, and goes on; close waits for the rest", async () => {
    const done: string[] = [];
    const runner = functionRunner(async (_, { idempotencyKey }) => {
      await new Promise((resolve) => setTimeout(resolve, 80));
      done.push(idempotencyKey);
    });
    const { source } = setUp({ runner, deadline: "20ms" });
    const result = await source.handleSegmentPayload(signUp("ada"));
    expect(result).toMatchObject({
      retryable: false,
      events: [{ status: "in_progress", triggers: [{ status: "pending" }] }],
    });
    expect(done).toHaveLength(0);
    await source.close();
    expect(done).toHaveLength(1);
    expect(await source.events.get("m-ada")).toMatchObject({
      outcome: { status: "processed", triggers: [{ status: "triggered" }] },
    });
  });

  it("recipients above the runner's limit are split, each part under its own key", async () => {
    const runner = recordingRunner({ maxRecipients: 100 });
    const everyone = defineTrigger({ key: "all", event: "Shared", workflow: "shared", recipients: "properties.to" });
    const { source } = setUp({ runner, triggers: [everyone] });
    const to = Array.from({ length: 250 }, (_, index) => `user-${index}`);
    const { events } = await source.handleSegmentPayload(track("Shared", { to }));
    expect(runner.runs.map((run) => run.request.recipients.length)).toEqual([100, 100, 50]);
    expect(new Set(runner.runs.map((run) => run.context.idempotencyKey)).size).toBe(3);
    expect(runner.runs.flatMap((run) => run.request.recipients)).toEqual(to);
    expect(events[0]?.triggers[0]?.recipients).toHaveLength(250);
  });
});

describe("failures", () => {
  it.each<[string, unknown, string, string, boolean]>([
    ["permanent", runnerError("permanent", "no such workflow"), "failed", "runner_permanent", false],
    ["retryable", runnerError("retryable", "busy"), "pending", "runner_retryable", true],
    ["ambiguous", runnerError("ambiguous", "reset"), "pending", "runner_retryable", true],
    ["an Error", new Error("socket hang up"), "pending", "runner_retryable", true],
    ["a text", "nope", "pending", "runner_retryable", true],
    ["undefined", undefined, "pending", "runner_retryable", true],
  ])("of the runner: %s", async (_, failure, status, reason, retryable) => {
    const { source, runner } = setUp();
    runner.failNext(failure);
    const result = await source.handleSegmentPayload([signUp("ada"), signUp("grace")]);
    expect(result.retryable).toBe(retryable);
    expect(result.events.map((event) => event.triggers[0]?.status)).toEqual([status, "triggered"]);
    expect(result.events[0]?.triggers[0]?.reason).toBe(reason);
  });

  it("a run is given up after maxAttempts", async () => {
    const { source, runner } = setUp({ maxAttempts: 2 });
    runner.failNext(runnerError("retryable", "busy"), runnerError("retryable", "busy"));
    await source.handleSegmentPayload(signUp("ada"));
    expect(await source.handleSegmentPayload(signUp("ada"))).toMatchObject({
      retryable: false,
      events: [{ status: "failed", triggers: [{ reason: "attempts_exhausted" }] }],
    });
    expect(await source.handleSegmentPayload(signUp("ada"))).toMatchObject({ events: [{ status: "duplicate" }] });
  });

  it("after the idempotency window an attempt that may have succeeded is left to a person", async () => {
    const clock = manualClock();
    const runner = recordingRunner({ idempotencyWindowMs: 24 * 3_600_000 });
    const { source } = setUp({ runner, clock, storage: memoryStorage({ clock }) });
    runner.failNext(runnerError("ambiguous", "no answer"));
    await source.handleSegmentPayload(signUp("ada"));
    await clock.advance("25h");
    expect(await source.handleSegmentPayload(signUp("ada"))).toMatchObject({
      retryable: false,
      events: [{ status: "failed", triggers: [{ reason: "idempotency_window_over" }] }],
    });
    expect(runner.runs).toHaveLength(1);
  });

  it("a runner that never answers is cut off, and its signal aborted", async () => {
    const signals: AbortSignal[] = [];
    const runner = functionRunner((_, { signal }) => {
      signals.push(signal);
      return new Promise<never>(() => undefined);
    });
    const { source } = setUp({ runner, runTimeout: "50ms" });
    expect(await source.handleSegmentPayload(signUp("ada"))).toMatchObject({
      retryable: true,
      events: [{ triggers: [{ status: "pending" }] }],
    });
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
  });

  it("of storage, at every call, before or after its effect: an error to retry, and in the end one run in a finished state", async () => {
    for (const after of [false, true]) {
      for (let failing = 1; failing <= 6; failing += 1) {
        const memory = memoryStorage();
        let count = 0;
        const strike = () => {
          count += 1;
          if (count === failing) throw new Error("connection lost");
        };
        const { storage } = observed(after ? observedAfter(memory, strike) : memory, after ? undefined : strike);
        const { source, runner } = setUp({ storage, lease: "40ms", runTimeout: "5ms", unidentified: "skip" });
        let result: { readonly retryable: boolean } | null = null;
        for (let delivery = 0; delivery < 20 && (result === null || result.retryable); delivery += 1) {
          result = await source
            .handleSegmentPayload([identify("ada", {}, { messageId: "i" }), signUp("ada")])
            .catch((error: unknown) => {
              expect(error).toMatchObject({ code: "STORAGE_FAILED", retryable: true });
              return null;
            });
          if (result === null || result.retryable) await new Promise((resolve) => setTimeout(resolve, 15));
        }
        expect(result?.retryable).toBe(false);
        count = failing;
        expect(await source.events.get("m-ada")).toMatchObject({
          outcome: { status: "processed", triggers: [{ status: "triggered" }] },
        });
        expect(
          new Set(runner.runs.map((run) => `${run.context.idempotencyKey} ${JSON.stringify(run.request)}`)).size,
        ).toBe(1);
      }
    }
  });

  it("of storage that never answers: an error to retry", async () => {
    const memory = memoryStorage();
    const storage = { ...memory, events: { ...memory.events, record: () => new Promise<never>(() => undefined) } };
    const { source } = setUp({ storage, storageTimeout: "30ms" });
    await expect(source.handleSegmentPayload(signUp("ada"))).rejects.toMatchObject({
      code: "STORAGE_TIMEOUT",
      retryable: true,
    });
  });

  it("of listeners: nothing but a line in the log", async () => {
    const lines: string[] = [];
    const note = (_: object, message: string) => void lines.push(message);
    const { source } = setUp({ logger: { debug: note, info: note, warn: note, error: note } });
    const heard: string[] = [];
    source.on("event", () => {
      throw new Error("host bug");
    });
    source.on("event", ({ outcome }) => heard.push(outcome.status));
    source.on("user", ({ user }) => heard.push(user.status));
    source.on("run", ({ status, attempt }) => heard.push(`${status} ${attempt}`));
    await source.handleSegmentPayload(signUp("ada"));
    expect(heard).toEqual(["created", "triggered 1", "processed"]);
    expect(lines).toEqual(["a listener failed; event handling went on"]);
  });
});

function observedAfter(storage: Storage, strike: () => void): Storage {
  const wrap = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get: (target, method) => {
        const original: unknown = Reflect.get(target, method);
        if (typeof original !== "function") return original;
        return async (...parameters: unknown[]) => {
          const answer: unknown = await Reflect.apply(original, target, parameters);
          strike();
          return answer;
        };
      },
    });
  const { events, runs, users, groups, triggers, audit } = storage;
  return {
    events: wrap(events),
    runs: wrap(runs),
    users: wrap(users),
    groups: wrap(groups),
    triggers: wrap(triggers),
    audit: wrap(audit),
  };
}

describe("cancel", () => {
  const cancel = defineTrigger({
    key: "stop",
    event: "Comment Deleted",
    workflow: "new-comment",
    action: "cancel",
    cancellationKey: "properties.id",
  });

  it("cancels by key, for everyone", async () => {
    const { source, runner } = setUp({ triggers: [cancel] });
    const { events } = await source.handleSegmentPayload(track("Comment Deleted", { id: 7 }));
    expect(events[0]).toMatchObject({ status: "processed", triggers: [{ status: "canceled" }] });
    expect(runner.cancels.map((one) => one.request)).toEqual([
      { action: "cancel", workflow: "new-comment", cancellationKey: "7", recipients: null },
    ]);
  });

  it("cancels for the recipients it names, known or not", async () => {
    const some = { ...cancel, recipients: "properties.to" };
    const { source, runner } = setUp({ triggers: [some], unidentified: "skip" });
    await source.handleSegmentPayload(track("Comment Deleted", { id: 7, to: ["grace"] }));
    expect(runner.cancels[0]?.request.recipients).toEqual(["grace"]);
  });

  it("cancels for no more recipients at once than the runner takes, each part under its own key", async () => {
    const runner = recordingRunner({ maxRecipients: 2 });
    const { source } = setUp({ triggers: [{ ...cancel, recipients: "properties.to" }], runner });
    const { events } = await source.handleSegmentPayload(track("Comment Deleted", { id: 7, to: ["a", "b", "c"] }));
    expect(runner.cancels.map(({ request }) => request.recipients)).toEqual([["a", "b"], ["c"]]);
    expect(new Set(runner.cancels.map(({ context }) => context.idempotencyKey)).size).toBe(2);
    expect(events[0]?.triggers[0]).toMatchObject({
      status: "canceled",
      recipients: ["a", "b", "c"].map((recipient) => ({ recipient, status: "canceled" })),
    });
  });

  it("reaches whoever was merged under either id, each once, and creates nobody", async () => {
    const runner = recordingRunner({ maxRecipients: 2 });
    const triggers = [
      { ...cancel, recipients: "properties.to", actor: "properties.by" },
      { ...cancel, key: "nudge", workflow: "nudge", recipients: "properties.to" },
    ];
    const { source } = setUp({ triggers, runner, unidentified: "create" });
    for (const id of ["old", "new"]) await source.users.identify({ id });
    await source.users.merge({ from: "old", into: "new" });
    const to = ["new", "old", "grace", { id: "inline", email: "inline@example.com" }];
    await source.handleSegmentPayload(track("Comment Deleted", { id: 7, to, by: { id: "by", name: "By" } }));
    await source.handleSegmentPayload(track("Comment Deleted", { id: 8, to: [{ id: "old" }] }));
    expect(runner.cancels.map(({ request }) => request.recipients)).toEqual([
      ...[0, 1].flatMap(() => [to.slice(0, 2), to.slice(2)]),
      ...[0, 1].map(() => [{ id: "old" }, "new"]),
    ]);
    for (const id of ["grace", "inline", "by"]) expect(await source.users.get(id)).toBeNull();
  });

  it("reaches somebody whom the same payload merges, and is for nobody where all whom it names were deleted since", async () => {
    const { source, runner } = setUp({ triggers: [{ ...cancel, recipients: "properties.to" }] });
    const timestamp = new Date(Date.now() - 60_000).toISOString();
    await source.handleSegmentPayload([
      identify("old", {}, { timestamp }),
      { type: "alias", previousId: "old", userId: "new", timestamp },
      track("Comment Deleted", { id: 7, to: ["old"] }),
    ]);
    expect(runner.cancels.map(({ request }) => request.recipients)).toEqual([["old", "new"]]);
    await source.users.delete("new");
    const late = await source.handleSegmentPayload(track("Comment Deleted", { id: 7, to: ["old"] }, { timestamp }));
    expect(late.events[0]?.triggers[0]).toMatchObject({ status: "skipped", runs: [] });
    expect(runner.cancels).toHaveLength(1);
  });

  it("is refused with a runner that can not", () => {
    expect(() => setUp({ triggers: [cancel], runner: functionRunner({}) })).toThrow(
      expect.objectContaining({ code: "CONFIG_TRIGGER_INVALID" }),
    );
  });
});

describe("options", () => {
  it.each<[string, object, string]>([
    ["no storage", { storage: undefined }, "storage: is missing"],
    ["no runner", { runner: null }, "runner: is missing"],
    ["an empty key", { key: "" }, "key: "],
    ["no environments", { environments: {} }, "environments: is empty"],
    ["a bad duration", { deadline: "soon" }, "deadline: "],
    ["a lease shorter than an attempt", { lease: "5s" }, "lease: "],
    ["no concurrency", { concurrency: 0 }, "concurrency: 0"],
    ["half an attempt", { maxAttempts: 0.5 }, "maxAttempts: 0.5"],
    ["a misspelt option", { redct: [] }, "redct: is not an option. Did you mean redact?"],
    ["an option of nobody", { colour: "red" }, "colour: is not an option. There are: key, "],
    ["a port that was not made", { storage: memoryStorage }, "storage: is a function"],
    ["a runner that is a function", { runner: () => undefined }, "such as runner: functionRunner("],
    ["triggers by key", { triggers: { welcome } }, "triggers: is not a list"],
    ["a workflow by its name", { workflows: ["w"] }, "workflows[0]: is not a workflow. Make it with defineWorkflow("],
    ["a workflow without a schema", { workflows: [{ name: "w" }] }, "workflows[0]: is not a workflow."],
    [
      "a misspelt retention",
      { retention: { payload: "1h" } },
      "retention.payload: is not an option. Did you mean payloads?",
    ],
    ["a retention that is none", { retention: "30d" }, "retention: is not an object with payloads, events."],
    ["an unidentified of nobody", { unidentified: "hold" }, 'unidentified: expected "skip", "create" or { hold'],
    ["a hold without an end", { unidentified: { hold: "1m" } }, 'unidentified: expected "skip", "create" or { hold'],
    ["a misspelt end", { unidentified: { hold: "1m", then: "crete" } }, "unidentified: expected"],
    ["a misspelt limit", { limits: { maxByte: 1 } }, "limits.maxByte: is not an option. Did you mean maxBytes?"],
    ["a limit in words", { limits: { maxBytes: "5mb" } }, "limits.maxBytes: is not a number."],
    ["a misspelt trait", { traits: { mail: "traits.mail" } }, "traits.mail: is not an option. Did you mean email?"],
    ["a misspelt identifyFrom", { identifyFrom: { trait: "context" } }, "identifyFrom.trait: is not an option."],
    [
      "a field that is none",
      { redact: ["propertis.card"] },
      '"propertis.card" starts at no field of an event. Did you',
    ],
    ["a path that is no text", { redact: [undefined] }, "redact[0]: is not a string."],
    ["a logger that is a function", { logger: () => undefined }, "logger: is not a logger."],
    ["a logger of another kind", { logger: { info: () => undefined, warn: 1 } }, "logger: is not a logger."],
    ["a dispatch of nobody", { dispatch: "queue" }, 'dispatch: is none of "inline", "background"'],
    ["environments in a list", { environments: ["production"] }, "environments: is not an object"],
    [
      "a token for an environment",
      { environments: { production: "token" } },
      "environments.production: is not an object",
    ],
    [
      "a misspelt credential",
      { environments: { production: { webhooktoken: "t" } } },
      "environments.production.webhooktoken: is not an option. Did you mean webhookToken?",
    ],
    [
      "a secret that is no list",
      { environments: { production: { sharedSecrets: "secret" } } },
      "environments.production.sharedSecrets: is not a list",
    ],
  ])("%s", (_, options, message) => {
    expect(() => setUp(options)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(message) }),
    );
  });

  it("a redacted field that Segment does not have is taken out, and named to the logger", async () => {
    const warnings: unknown[] = [];
    const log = () => undefined;
    const logger = { debug: log, info: log, error: log, warn: (fields: object) => warnings.push(fields) };
    const { source } = setUp({ redact: ["salary", "$.context.ip"], logger });
    await source.handleSegmentPayload({ ...signUp("ada"), salary: 1 });
    expect(warnings).toEqual([{ source: "segment", path: "salary" }]);
    expect((await source.events.get("m-ada"))?.record.payload).not.toHaveProperty("salary");
  });

  it("none at all", () => {
    expect(() => Reflect.apply(createSegmentSource, undefined, [])).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining("{ storage, runner") }),
    );
  });

  it("the environment must be named where there are several, and exist", async () => {
    const { source } = setUp({ environments: { a: {}, b: {} } });
    for (const options of [{}, { environment: "c" }]) {
      await expect(source.handleSegmentPayload(signUp("ada"), options)).rejects.toMatchObject({
        code: "CONFIG_ENVIRONMENT_UNKNOWN",
        message: expect.stringContaining("a, b"),
      });
    }
  });

  it("beyond maxPayloads, after close, and when aborted nothing is taken", async () => {
    const { source } = setUp({
      maxPayloads: 1,
      runner: functionRunner(() => new Promise((resolve) => setTimeout(resolve, 30))),
    });
    const first = source.handleSegmentPayload(signUp("ada"));
    await expect(source.handleSegmentPayload(signUp("grace"))).rejects.toMatchObject({
      code: "OVERLOADED",
      retryable: true,
    });
    await first;
    await expect(source.handleSegmentPayload(signUp("grace"), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
    await source.close();
    await expect(source.handleSegmentPayload(signUp("grace"))).rejects.toMatchObject({
      code: "SOURCE_CLOSED",
      retryable: true,
    });
    expect(await source.events.get("m-grace")).toBeNull();
  });

  it("methods work when destructured", async () => {
    const { handleSegmentPayload, triggers, users, events, on, off, close } = setUp().source;
    const { disable, list } = triggers;
    const listener = () => undefined;
    on("event", listener);
    off("event", listener);
    await disable("welcome");
    expect((await handleSegmentPayload(signUp("ada"))).events[0]?.triggers[0]?.reason).toBe("trigger_inactive");
    expect(await list({ environment: "default" })).toHaveLength(1);
    const { identify: identifyUser, get, merge, delete: remove } = users;
    expect(await identifyUser({ id: "ada", email: "a@example.com" })).toEqual({ id: "ada", status: "created" });
    await identifyUser({ id: "anon", phoneNumber: "+1" });
    await merge({ from: "anon", into: "ada" });
    await merge({ from: "ada", into: "ada" });
    expect(await get("ada")).toMatchObject({ email: "a@example.com", phoneNumber: "+1" });
    expect(await remove("ada")).toBe(true);
    expect([await get("ada"), (await events.list({ userId: "ada" })).items]).toEqual([null, []]);
    await close();
  });

  it("an unknown trigger is an error that names the known ones", async () => {
    await expect(setUp().source.triggers.enable("welcom")).rejects.toMatchObject({
      code: "CONFIG_TRIGGER_UNKNOWN",
      message: expect.stringContaining("welcome"),
    });
  });
});

describe("the event log", () => {
  it("explains an event that no trigger listens to, with the nearest name", async () => {
    const { source } = setUp();
    const { events } = await source.handleSegmentPayload([track("signed_up"), { type: "screen" }]);
    expect(events.map((event) => [event.reason, event.detail?.message])).toEqual([
      ["no_matching_trigger", 'No trigger listens to the track "signed_up". Did you mean "Signed Up"?'],
      ["no_matching_trigger", "No trigger listens to screen events."],
    ]);
  });

  it("keeps every event with its outcome, the invalid ones too", async () => {
    const { source } = setUp();
    await source.handleSegmentPayload([
      signUp("ada"),
      { type: "nope" },
      { type: "nope" },
      { type: "identify", traits: {} },
    ]);
    const { items, nextCursor } = await source.events.list({ limit: 3 });
    const rest = await source.events.list({ cursor: nextCursor ?? undefined });
    const seen = [...items, ...rest.items].map(({ outcome }) => [outcome.status, outcome.reason]);
    expect(seen.sort()).toEqual([
      ["ignored", "no_user_id"],
      ["invalid", "type_unknown"],
      ["invalid", "type_unknown"],
      ["processed", undefined],
    ]);
    expect((await source.events.list({ status: "invalid" })).items[0]?.record.payload).toEqual({ type: "nope" });
  });
});

it("a look at overrides that began before a switch, and fails, does not undo it", async () => {
  const clock = manualClock();
  const memory = memoryStorage({ clock });
  let fail = (_error: Error): void => expect.fail();
  let isSlow = false;
  const triggers: typeof memory.triggers = {
    ...memory.triggers,
    load: (params) => (isSlow ? new Promise((_, reject) => (fail = reject)) : memory.triggers.load(params)),
  };
  const { source } = setUp({ storage: { ...memory, triggers }, clock });
  await source.handleSegmentPayload(signUp("ada", "1"));
  await clock.advance("5s");
  isSlow = true;
  const early = source.handleSegmentPayload(signUp("ada", "2"));
  isSlow = false;
  await source.triggers.disable("welcome");
  fail(new Error("connection lost"));
  await early;
  const { events } = await source.handleSegmentPayload(signUp("ada", "3"));
  expect(events[0]?.triggers[0]?.reason).toBe("trigger_inactive");
});

it("overrides made elsewhere are seen within their time, and storage that fails does not change them", async () => {
  const clock = manualClock();
  const memory = memoryStorage({ clock });
  let broken = false;
  const { storage } = observed(memory, (method) => {
    if (broken && method === "triggers.load") throw new Error("connection lost");
  });
  const here = setUp({ storage, clock });
  const there = setUp({ storage: memory, clock });
  const reason = async (messageId: string) =>
    (await here.source.handleSegmentPayload(signUp("ada", messageId))).events[0]?.triggers[0]?.reason;
  expect(await reason("1")).toBeUndefined();
  await there.source.triggers.disable("welcome", { by: "ops" });
  expect(await reason("2")).toBeUndefined();
  await clock.advance("5s");
  expect(await reason("3")).toBe("trigger_inactive");
  broken = true;
  await clock.advance("5s");
  expect(await reason("4")).toBe("trigger_inactive");
  const fresh = setUp({ storage, clock });
  await expect(fresh.source.handleSegmentPayload(signUp("ada", "5"))).rejects.toSatisfy(BellwireError.is);
});
