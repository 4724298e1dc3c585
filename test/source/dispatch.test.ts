import {
  createSegmentSource,
  defineTrigger,
  functionRunner,
  memoryStorage,
  runnerError,
  type SegmentSourceOptions,
  type Storage,
  type WorkflowRunner,
} from "bellwire";
import { failOn, type ManualClock, manualClock, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it, vi } from "vitest";

const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const signUp = (userId: string) => track("Signed Up", {}, { userId, messageId: `m-${userId}` });

interface SetUpOptions extends Partial<Omit<SegmentSourceOptions, "storage" | "clock">> {
  readonly clock?: ManualClock;
  /** @default `clock` */
  readonly storageClock?: ManualClock;
  /** Of what storage is to be like. */
  readonly over?: (storage: Storage) => Storage;
}

function setUp({ over = (storage) => storage, clock = manualClock(), storageClock = clock, ...options }: SetUpOptions) {
  const runner = recordingRunner();
  const lines: string[] = [];
  const note = (_: object, message: string) => void lines.push(message);
  const source = createSegmentSource({
    storage: over(memoryStorage({ clock: storageClock })),
    clock,
    runner,
    triggers: [welcome],
    unidentified: "create",
    logger: { debug: note, info: note, warn: note, error: note },
    ...options,
  });
  const statuses = async () =>
    (await source.runs.list()).items.map(({ messageId, status }) => `${messageId} ${status}`);
  return { clock, runner, lines, source, statuses };
}

describe("leases", () => {
  it("that can not be given back run out by themselves, and nothing that was done is lost", async () => {
    const sent: unknown[] = [];
    const clock = manualClock();
    const { source, statuses, lines } = setUp({
      clock,
      over: (storage) => failOn(storage, "runs.release", { calls: "all" }),
      runner: functionRunner(async ({ recipients }) => {
        sent.push(recipients[0]);
        await new Promise<void>((resolve) => void clock.schedule(resolve, 600));
      }),
      concurrency: 1,
      runTimeout: 900,
      lease: 1_000,
      deadline: "5s",
    });
    const errors: string[] = [];
    source.on("error", ({ error }) => errors.push(error.code));
    const handled = source.handleSegmentPayload(["ada", "grace", "linus"].map(signUp));
    await clock.advance(700);
    expect(await handled).toMatchObject({
      retryable: true,
      events: [{ status: "processed" }, { status: "in_progress" }, { status: "in_progress" }],
    });
    expect(errors).toEqual(["STORAGE_FAILED"]);
    expect(lines).toEqual([expect.stringContaining("when their leases end")]);
    await clock.advance(400);
    const recovered = source.recover();
    await clock.advance(5_000);
    await recovered;
    await source.close();
    expect(sent.slice(0, 2)).toEqual(["ada", "grace"]);
    expect(sent.filter((recipient) => recipient === "ada")).toHaveLength(1);
    expect(await statuses()).toContain("m-ada triggered");
  });

  it("that seem lost, because the answer to a settle was, are not said to be another's", async () => {
    const { source, runner, lines, statuses } = setUp({
      over: (storage) => failOn(storage, "runs.settle", { when: "after" }),
    });
    await source.handleSegmentPayload(signUp("ada"));
    expect(await statuses()).toEqual(["m-ada triggered"]);
    expect(runner.runs).toHaveLength(1);
    expect(lines).toEqual([expect.stringContaining("settled already, or ")]);
  });
});

describe("an engine that asks to wait", () => {
  const busy = (retryAfterMs: number) => runnerError("retryable", "429", { retryAfterMs });

  it("is left alone by redeliveries until then, and no attempt is lost; what it did not put off goes at once", async () => {
    const { clock, runner, source } = setUp({ maxAttempts: 2, triggers: [welcome, { ...welcome, key: "second" }] });
    runner.failNext(busy(3_600_000), runnerError("retryable", "busy"));
    await source.handleSegmentPayload(signUp("ada"));
    for (let delivery = 0; delivery < 5; delivery += 1) {
      expect(await source.handleSegmentPayload(signUp("ada"))).toMatchObject({
        retryable: true,
        events: [{ status: "in_progress", triggers: [{ reason: "runner_retryable" }, { status: "triggered" }] }],
      });
      await clock.advance("10m");
    }
    expect(runner.runs.map(({ context }) => context.trigger)).toEqual(["welcome", "second", "second"]);
    await clock.advance("10m");
    expect(await source.handleSegmentPayload(signUp("ada"))).toMatchObject({ events: [{ status: "processed" }] });
    expect(runner.runs).toHaveLength(4);
  });

  it("whom somebody wants to be asked again is", async () => {
    const { runner, source, statuses } = setUp({ maxAttempts: 1 });
    runner.failNext(busy(3_600_000));
    await source.handleSegmentPayload(signUp("ada"));
    await source.runs.retry((await source.runs.list()).items.map(({ idempotencyKey }) => idempotencyKey));
    expect(await statuses()).toEqual(["m-ada triggered"]);
  });
});

describe("a clock that is far from the storage's", () => {
  const day = 24 * 3_600_000;
  const apart = (skewMs: number) => {
    const clock = manualClock();
    const runner = recordingRunner({ idempotencyWindowMs: day });
    const skewed = { ...clock, now: () => clock.now() + skewMs };
    return { ...setUp({ storageClock: clock, clock: skewed, runner, dispatch: "background" }), runner };
  };

  it.each([25 * 3_600_000, -25 * 3_600_000])(
    "neither keeps a run from being sent nor prolongs the window: %i ms",
    async (skewMs) => {
      const { clock, runner, source, statuses } = apart(skewMs);
      runner.failNext(runnerError("ambiguous", "reset"), runnerError("ambiguous", "reset"));
      await source.handleSegmentPayload(signUp("ada"));
      await source.recover();
      await clock.advance("23h");
      await source.recover();
      expect(runner.runs).toHaveLength(2);
      await clock.advance("2h");
      await source.recover();
      expect(runner.runs).toHaveLength(2);
      expect(await statuses()).toEqual(["m-ada uncertain"]);
    },
  );

  it.each(["inline", "background"] as const)(
    "does not end a run that waited for its first attempt, %s",
    async (dispatch) => {
      const clock = manualClock();
      const ends: (() => void)[] = [];
      const runner: WorkflowRunner = {
        capabilities: { maxRecipients: null, idempotencyWindowMs: 1_000 },
        trigger: () => new Promise((resolve) => ends.push(() => resolve({ workflowRunId: null }))),
      };
      const { source, statuses } = setUp({ clock, storageClock: clock, runner, dispatch, concurrency: 1 });
      const handling = source.handleSegmentPayload([signUp("ada"), signUp("grace")]);
      const working = dispatch === "inline" ? handling : handling.then(() => source.recover());
      await vi.waitFor(() => expect(ends).toHaveLength(1));
      await clock.advance("3s");
      ends[0]?.();
      await vi.waitFor(() => expect(ends).toHaveLength(2));
      ends[1]?.();
      await working;
      expect(await statuses()).toEqual(["m-grace triggered", "m-ada triggered"]);
    },
  );

  it("does not end a run that somebody sends again after its window", async () => {
    const { clock, runner, source, statuses } = apart(25 * 3_600_000);
    runner.failNext(runnerError("ambiguous", "reset"));
    await source.handleSegmentPayload(signUp("ada"));
    await source.recover();
    await clock.advance("25h");
    await source.recover();
    const { items } = await source.runs.list();
    await source.runs.retry(items.map(({ idempotencyKey }) => idempotencyKey));
    await source.recover();
    expect(await statuses()).toEqual(["m-ada triggered"]);
  });
});
