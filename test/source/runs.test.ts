import {
  createSegmentSource,
  defineTrigger,
  memoryStorage,
  type RunStatus,
  runnerError,
  type SegmentSourceOptions,
} from "bellwire";
import { identify, manualClock, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });

/** A source whose runner refuses while `refuse` is set, and what it was asked for. */
function setUp(options: Partial<SegmentSourceOptions> = {}) {
  const clock = manualClock(new Date("2026-03-01T12:00:00Z"));
  const recording = recordingRunner();
  const state: { refuse: "permanent" | "retryable" | "ambiguous" | null } = { refuse: null };
  const asked: string[] = [];
  const source = createSegmentSource({
    clock,
    storage: memoryStorage({ clock }),
    triggers: [welcome],
    unidentified: "create",
    maxAttempts: 2,
    ...options,
    runner: {
      ...recording,
      capabilities: { maxRecipients: null, idempotencyWindowMs: 60_000 },
      trigger: async (request, context) => {
        asked.push(`${context.idempotencyKey} ${JSON.stringify(request)}`);
        if (state.refuse !== null) throw runnerError(state.refuse, "no");
        return recording.trigger(request, context);
      },
    },
  });
  const keysIn = async (status?: RunStatus) =>
    (await source.runs.list({ status })).items.map(({ idempotencyKey }) => idempotencyKey);
  const outcome = async () => (await source.events.get("m-1"))?.outcome;
  return { source, clock, state, asked, recording, keysIn, outcome };
}
const signUp = (messageId = "m-1", userId = "ada") => track("Signed Up", {}, { userId, messageId });

describe("runs.retry", () => {
  it("sends what the engine had refused again, the very same request under the same key", async () => {
    const { source, state, asked, recording, keysIn, outcome } = setUp();
    state.refuse = "permanent";
    await source.handleSegmentPayload(signUp());
    expect(await outcome()).toMatchObject({ status: "failed", triggers: [{ reason: "runner_permanent" }] });
    const keys = await keysIn("failed");
    state.refuse = null;
    expect(await source.runs.retry([...keys, ...keys, "nobody's"])).toBe(1);
    expect(new Set(asked).size).toBe(1);
    expect(asked).toHaveLength(2);
    expect(recording.runs).toHaveLength(1);
    expect(await outcome()).toMatchObject({ status: "processed", triggers: [{ status: "triggered" }] });
    expect(await source.runs.retry(keys)).toBe(0);
    expect(asked).toHaveLength(2);
  });

  it("gives a dead run as many attempts again, and counts them on", async () => {
    const { source, clock, state, asked, keysIn } = setUp();
    state.refuse = "retryable";
    await source.handleSegmentPayload(signUp());
    const workOff = async () => {
      await clock.advance("1m");
      await source.recover();
    };
    await workOff();
    expect([asked.length, (await keysIn("dead")).length]).toEqual([2, 1]);
    await source.runs.retry(await keysIn("dead"));
    expect([asked.length, (await keysIn("pending")).length]).toEqual([3, 1]);
    await workOff();
    expect((await source.runs.list()).items).toMatchObject([{ status: "dead", attempts: 4, attemptsBeforeRetry: 2 }]);
  });

  it("leaves it to the person whether a run that may have been sent is sent again", async () => {
    const { source, clock, state, recording, keysIn, outcome } = setUp();
    state.refuse = "ambiguous";
    await source.handleSegmentPayload(signUp());
    await clock.advance("2m");
    await source.recover();
    expect((await outcome())?.triggers[0]?.reason).toBe("idempotency_window_over");
    state.refuse = null;
    expect(await source.runs.retry(await keysIn("uncertain"))).toBe(1);
    expect(recording.runs).toHaveLength(1);
  });
});

describe("runs.release and runs.drop", () => {
  const unidentified = { hold: "15m", then: "skip" } as const;

  it("sends a held run without waiting for an identify any longer, and once", async () => {
    const { source, recording, keysIn } = setUp({ unidentified });
    await source.handleSegmentPayload(signUp());
    expect(await source.runs.release(await keysIn("held"))).toBe(1);
    expect(recording.runs.map(({ request }) => request.recipients)).toEqual([["ada"]]);
    await source.handleSegmentPayload(identify("ada"));
    expect(recording.runs).toHaveLength(1);
  });

  it("drops what is held or failed for good: neither time, identify nor redelivery sends it", async () => {
    const { source, clock, recording, keysIn, outcome } = setUp({ unidentified });
    await source.handleSegmentPayload(signUp());
    expect(await source.runs.drop(await keysIn("held"))).toBe(1);
    await source.handleSegmentPayload([identify("ada"), signUp()]);
    await clock.advance("1h");
    await source.recover();
    expect(recording.runs).toEqual([]);
    expect(await outcome()).toMatchObject({
      status: "processed",
      triggers: [{ status: "skipped", reason: "dropped", recipients: [{ status: "skipped", reason: "dropped" }] }],
    });
  });
});

it("in bulk: 1,200 runs are retried by one call, and in the background they are left to whoever dispatches", async () => {
  const { source, state, recording } = setUp({ dispatch: "background" });
  state.refuse = "permanent";
  const keys: string[] = [];
  source.on("run", ({ idempotencyKey }) => void keys.push(idempotencyKey));
  await source.handleSegmentPayload(Array.from({ length: 1_200 }, (_, index) => signUp(`m-${index}`, `user-${index}`)));
  await source.recover();
  state.refuse = null;
  expect(await source.runs.retry(keys)).toBe(1_200);
  expect(recording.runs).toEqual([]);
  expect(await source.recover()).toMatchObject({ claimed: 1_200, succeeded: 1_200 });
});

it("runs.list pages through all runs, newest first", async () => {
  const { source, clock } = setUp();
  for (const id of ["m-1", "m-2", "m-3"]) {
    await source.handleSegmentPayload(signUp(id));
    await clock.advance("1s");
  }
  const first = await source.runs.list({ limit: 2 });
  const rest = await source.runs.list({ limit: 2, cursor: first.nextCursor ?? undefined });
  expect([...first.items, ...rest.items].map(({ messageId }) => messageId)).toEqual(["m-3", "m-2", "m-1"]);
});
