import {
  createSegmentSource,
  defineTrigger,
  functionRunner,
  memoryStorage,
  runnerError,
  type SegmentSourceOptions,
} from "bellwire";
import { manualClock, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const setUp = (options: Partial<SegmentSourceOptions> = {}) => {
  const clock = manualClock(new Date());
  const storage = memoryStorage({ clock });
  const runner = recordingRunner();
  const make = (more: Partial<SegmentSourceOptions> = {}) =>
    createSegmentSource({ storage, clock, runner, triggers: [welcome], unidentified: "create", ...options, ...more });
  return { clock, storage, runner, make, source: make() };
};
const signUp = (userId: string) => track("Signed Up", {}, { userId, messageId: `m-${userId}` });
const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('dispatch: "background"', () => {
  it("answers once all is recorded, and dispatches when started, in whichever process", async () => {
    const { runner, source, make, clock } = setUp({ dispatch: "background" });
    const answer = await source.handleSegmentPayload([signUp("ada"), signUp("grace")]);
    expect(answer).toMatchObject({
      retryable: false,
      events: [{ status: "in_progress", triggers: [{ status: "pending" }] }, {}],
    });
    expect(await source.handleSegmentPayload(signUp("ada"))).toMatchObject({
      retryable: false,
      events: [{ status: "in_progress" }],
    });
    expect(runner.runs).toHaveLength(0);
    const worker = make();
    worker.start();
    await clock.advance("10ms");
    expect(runner.runs.map((run) => run.request.recipients)).toEqual([["ada"], ["grace"]]);
    expect(await source.events.get("m-ada")).toMatchObject({
      outcome: { status: "processed", triggers: [{ status: "triggered" }] },
    });
    expect(await source.handleSegmentPayload(signUp("ada"))).toMatchObject({ events: [{ status: "duplicate" }] });
    await Promise.all([worker.close(), source.close()]);
  });

  it("does not wait for the next poll in the process that recorded", async () => {
    const { runner, source } = setUp({ dispatch: "background" });
    source.start({ pollInterval: "1h" });
    await tick();
    await source.handleSegmentPayload(signUp("ada"));
    await tick();
    expect(runner.runs).toHaveLength(1);
    await source.close();
  });

  it("several processes dispatch each run once", async () => {
    const { runner, make, clock } = setUp({ dispatch: "background" });
    const processes = [make(), make(), make()];
    for (const one of processes) one.start({ pollInterval: "100ms" });
    for (let batch = 0; batch < 10; batch += 1) {
      await processes[batch % 3]?.handleSegmentPayload(
        Array.from({ length: 30 }, (_, index) => signUp(`${batch}-${index}`)),
      );
    }
    await clock.advance("1s");
    expect(runner.runs).toHaveLength(300);
    expect(new Set(runner.runs.map((run) => run.context.idempotencyKey)).size).toBe(300);
    await Promise.all(processes.map((one) => one.close()));
  });

  it("repeats what failed when it is due, with growing pauses", async () => {
    const { runner, source, clock } = setUp({ dispatch: "background" });
    runner.failNext(runnerError("retryable", "busy"), runnerError("retryable", "busy", { retryAfterMs: 30_000 }));
    source.start();
    await source.handleSegmentPayload(signUp("ada"));
    await clock.advance("100ms");
    expect(runner.runs).toHaveLength(1);
    await clock.advance("3s");
    expect(runner.runs).toHaveLength(2);
    await clock.advance("20s");
    expect(runner.runs).toHaveLength(2);
    await clock.advance("15s");
    expect(runner.runs.map((run) => run.context.attempt)).toEqual([1, 2, 3]);
    expect(await source.events.get("m-ada")).toMatchObject({ outcome: { status: "processed" } });
    await source.close();
  });

  it("goes on after storage was away, and says so", async () => {
    const { storage, source, make, runner, clock } = setUp({ dispatch: "background" });
    await source.handleSegmentPayload(signUp("ada"));
    let away = true;
    const claim: typeof storage.runs.claim = (params) =>
      away ? Promise.reject(new Error("connection lost")) : storage.runs.claim(params);
    const worker = make({ storage: { ...storage, runs: { ...storage.runs, claim } } });
    const errors: string[] = [];
    worker.on("error", ({ error }) => errors.push(error.code));
    worker.start();
    await clock.advance("3s");
    away = false;
    await clock.advance("2s");
    expect(errors.length).toBeGreaterThanOrEqual(3);
    expect(new Set(errors)).toEqual(new Set(["STORAGE_FAILED"]));
    expect(runner.runs).toHaveLength(1);
    await worker.close();
  });
});

describe("recover", () => {
  it("takes over what a process left, once its lease is over, as it was planned", async () => {
    const { storage, runner, source, clock } = setUp();
    const dead = createSegmentSource({
      storage: { ...storage, runs: { ...storage.runs, settle: () => new Promise<never>(() => undefined) } },
      clock,
      runner,
      triggers: [welcome],
      unidentified: "create",
    });
    dead.handleSegmentPayload(signUp("ada")).catch(() => undefined);
    await tick();
    expect(await source.recover()).toEqual({ claimed: 0, succeeded: 0, pending: 0, failed: 0 });
    await clock.advance("61s");
    expect(await source.recover()).toEqual({ claimed: 1, succeeded: 1, pending: 0, failed: 0 });
    expect(runner.runs.map((run) => [run.context.idempotencyKey, JSON.stringify(run.request)])).toEqual(
      Array.from({ length: 2 }, () => [
        runner.runs[0]?.context.idempotencyKey,
        JSON.stringify(runner.runs[0]?.request),
      ]),
    );
  });

  it("makes no attempt that could outlive its lease, and gives the run back to whoever asks next", async () => {
    const notified: unknown[] = [];
    const { clock, make } = setUp({ lease: "11s", runTimeout: "10s", concurrency: 1, deadline: "1h" });
    const source = make({
      runner: functionRunner(async ({ recipients }) => {
        notified.push(recipients);
        if (notified.length === 1) await clock.advance("5s");
      }),
    });
    const { retryable, events } = await source.handleSegmentPayload([signUp("ada"), signUp("grace")]);
    expect([retryable, events.map(({ status }) => status)]).toEqual([true, ["processed", "in_progress"]]);
    expect(notified).toEqual([["ada"]]);
    expect(await source.recover()).toMatchObject({ claimed: 1, succeeded: 1 });
    expect(notified).toEqual([["ada"], ["grace"]]);
    await source.close();
  });

  it("counts what came of the attempts, over more than one batch", async () => {
    const { runner, source } = setUp({ dispatch: "background" });
    await source.handleSegmentPayload(Array.from({ length: 450 }, (_, index) => signUp(`${index}`)));
    runner.failNext(runnerError("retryable", "busy"), runnerError("permanent", "no"));
    expect(await source.recover()).toEqual({ claimed: 450, succeeded: 448, pending: 1, failed: 1 });
  });
});

it("maintain applies retention, and leaves what is pending", async () => {
  const { source, runner, clock } = setUp({ retention: { payloads: "1d", events: "10d" } });
  runner.failNext(runnerError("retryable", "busy"));
  await source.handleSegmentPayload([signUp("pending"), signUp("done")]);
  await clock.advance("2d");
  expect(await source.maintain()).toEqual({ payloads: 1, events: 0 });
  expect((await source.events.get("m-done"))?.record.payload).toBeNull();
  expect((await source.events.get("m-pending"))?.record.payload).not.toBeNull();
  await clock.advance("9d");
  expect(await source.maintain()).toEqual({ payloads: 0, events: 1 });
  expect(() => setUp({ retention: { payloads: "10d", events: "1d" } })).toThrow("retention: events must be kept");
});

it("maintain stops when it is told to, between two of its steps", async () => {
  const storage = memoryStorage();
  const controller = new AbortController();
  let steps = 0;
  const purge = async () => {
    steps += 1;
    if (steps === 3) controller.abort();
    return { payloads: 1_000, events: 0 };
  };
  const { source } = setUp({ storage: { ...storage, events: { ...storage.events, purge } } });
  await expect(source.maintain({ signal: controller.signal })).rejects.toMatchObject({ code: "ABORTED" });
  expect(steps).toBe(3);
});

describe("what is stored of an event", () => {
  it.each<[string, Partial<SegmentSourceOptions>, object | null]>([
    ["everything", {}, { plan: "pro", card: "4242" }],
    ["without what is redacted", { redact: ["properties.card"] }, { plan: "pro" }],
    ["nothing", { recordPayload: "none" }, null],
  ])("%s", async (_, options, properties) => {
    const { source, runner } = setUp(options);
    await source.handleSegmentPayload([
      track("Signed Up", { plan: "pro", card: "4242" }, { userId: "ada", messageId: "m" }),
      { properties: { card: "4242" } },
    ]);
    const { items } = await source.events.list();
    const stored = items.find(({ record }) => record.messageId === "m")?.record.payload ?? null;
    expect(stored === null ? null : Reflect.get(Object(stored), "properties")).toEqual(properties);
    expect(JSON.stringify(items.map(({ record }) => record.payload)).includes("4242")).toBe(
      options.redact === undefined && properties !== null,
    );
    expect(runner.runs[0]?.request.data).toEqual({ plan: "pro", card: "4242" });
  });
});
