import {
  combineRunners,
  createSegmentSource,
  defineTrigger,
  functionRunner,
  memoryStorage,
  runnerError,
  type SegmentSourceOptions,
  type StartedRun,
  type WorkflowRun,
  type WorkflowRunner,
} from "bellwire";
import { manualClock, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const triggerOf = (workflow: string) =>
  defineTrigger({ key: workflow, event: "Signed Up", workflow, recipients: "userId" });
const setUp = (options: Partial<SegmentSourceOptions> & Pick<SegmentSourceOptions, "runner">) => {
  const clock = manualClock(new Date("2026-03-01T12:00:00Z"));
  const storage = memoryStorage({ clock });
  const make = (more: Partial<SegmentSourceOptions> = {}) =>
    createSegmentSource({ storage, clock, unidentified: "create", ...options, ...more });
  return { clock, make, source: make() };
};
const signUp = (userId: string) => track("Signed Up", {}, { userId, messageId: `m-${userId}` });
const never = () => new Promise<never>(() => undefined);
const statuses = async ({ runs }: ReturnType<typeof createSegmentSource>) =>
  (await runs.list()).items.map(({ workflow, status }) => `${workflow} ${status}`).sort();

describe("a runner that is not what it was, or not what it should be", () => {
  it("fails the runs of a workflow that is gone, and sends all others", async () => {
    const busy = recordingRunner({ idempotencyWindowMs: 1_000 });
    busy.failNext(...Array.from({ length: 2 }, () => runnerError("retryable", "busy")));
    const before = combineRunners({ workflows: { welcome: busy, survey: busy } });
    const { clock, make, source } = setUp({ runner: before, triggers: [triggerOf("welcome"), triggerOf("survey")] });
    await source.handleSegmentPayload(signUp("ada"));
    await clock.advance("1h");
    const sent = recordingRunner({ idempotencyWindowMs: 24 * 3_600_000 });
    const after = make({
      runner: combineRunners({ workflows: { welcome: sent } }),
      triggers: [triggerOf("welcome")],
      concurrency: 1,
    });
    expect(await after.recover()).toMatchObject({ claimed: 2, succeeded: 1, failed: 1 });
    expect(await statuses(after)).toEqual(["survey failed", "welcome triggered"]);
    await after.handleSegmentPayload(signUp("grace"));
    expect(sent.runs).toHaveLength(2);
  });

  it.each<[string, (runs: readonly WorkflowRun[]) => unknown, number]>([
    ["too few answers", (runs) => runs.slice(1).map(() => ({ workflowRunId: "r" })), 1],
    ["an answer that is no list", () => ({ workflowRunId: "r" }), 0],
    ["nothing", () => undefined, 0],
  ])("takes %s of a batch for what it is: unknown", async (_name, answer, succeeded) => {
    const runner: WorkflowRunner = {
      ...recordingRunner(),
      triggerBatch: async (runs) => answer(runs) as readonly StartedRun[],
    };
    const { source } = setUp({ runner, triggers: [triggerOf("welcome"), triggerOf("survey")] });
    await source.handleSegmentPayload(signUp("ada"));
    const { items } = await source.runs.list();
    expect(items.filter(({ status }) => status === "triggered")).toHaveLength(succeeded);
    expect(items.filter(({ status }) => status === "pending")).toHaveLength(2 - succeeded);
  });

  it("waits no longer than runTimeout for one that neither answers nor listens to its signal", async () => {
    const runner = { ...recordingRunner(), identify: never, forget: never };
    const { clock, source } = setUp({ runner, runTimeout: "10s" });
    const errors: string[] = [];
    source.on("error", ({ error }) => errors.push(error.code));
    const identified = source.users.identify({ id: "ada" });
    await clock.advance("10s");
    expect(await identified).toMatchObject({ id: "ada", status: "created" });
    const deleted = source.handleSegmentPayload({ type: "delete", userId: "ada", messageId: "d" });
    await clock.advance("10s");
    expect(await deleted).toMatchObject({ events: [{ user: { status: "deleted" } }] });
    expect(errors).toEqual(["RUNNER_AMBIGUOUS", "RUNNER_AMBIGUOUS"]);
  });

  it("is given up on before the lease ends, so that no other process sends while it may still", async () => {
    const open = { first: 0, most: 0 };
    const runner = functionRunner(async () => {
      open.first += 1;
      open.most = Math.max(open.most, open.first);
      await never();
    });
    const { clock, source } = setUp({
      runner,
      triggers: [triggerOf("welcome")],
      runTimeout: "10s",
      lease: 10_050,
      dispatch: "background",
    });
    source.on("run", () => {
      open.first -= 1;
    });
    await source.handleSegmentPayload(signUp("ada"));
    for (let turn = 0; turn < 3; turn += 1) {
      void source.recover();
      await clock.advance(10_060);
    }
    expect(open.most).toBe(1);
  });

  it("is asked for no cancel of a workflow whose own runner has none", () => {
    const { cancel: _cancel, ...without } = recordingRunner();
    const runner = combineRunners({ workflows: { welcome: without, survey: recordingRunner() } });
    const cancelOf = (workflow: string) =>
      ({ key: workflow, event: "Left", action: "cancel", workflow, cancellationKey: "userId" }) as const;
    expect(() => setUp({ runner, triggers: [cancelOf("survey")] })).not.toThrow();
    expect(() => setUp({ runner, triggers: [cancelOf("welcome")] })).toThrow(/can not cancel/);
  });
});

describe("whoever changes what they were given", () => {
  it("a function that empties its list of recipients leaves that of the other trigger alone, and that of its next attempt", async () => {
    const given: string[] = [];
    let isBusy = true;
    const runner = functionRunner((run) => {
      const recipients = run.recipients as string[];
      given.push(`${run.workflow} ${recipients}`);
      recipients.splice(0);
      (run.data as Record<string, unknown>)["plan"] = "none";
      if (isBusy) throw runnerError("retryable", "busy");
    });
    const { clock, source } = setUp({ runner, triggers: [triggerOf("welcome"), triggerOf("survey")] });
    await source.handleSegmentPayload(track("Signed Up", { plan: "pro" }, { userId: "ada", messageId: "m-1" }));
    isBusy = false;
    await clock.advance("1m");
    await source.recover();
    expect(given.sort()).toEqual(["survey ada", "survey ada", "welcome ada", "welcome ada"]);
    const requests = (await source.runs.list()).items.map(({ request }) => JSON.parse(request));
    expect(requests).toMatchObject([{ data: { plan: "pro" } }, { data: { plan: "pro" } }]);
  });

  it("a caller that uses its event again changes nothing of what was recorded", async () => {
    const { source } = setUp({ runner: recordingRunner(), triggers: [triggerOf("welcome")] });
    const event = { ...signUp("ada"), properties: { plan: "pro" } };
    await source.handleSegmentPayload(event);
    Object.assign(event, { messageId: "m-2" });
    event.properties.plan = "free";
    expect((await source.events.get("m-ada"))?.record.payload).toMatchObject({ properties: { plan: "pro" } });
  });
});

describe("whoever wants no more of it", () => {
  it("close ends what runs in the background with the batch in hand", async () => {
    let sent = 0;
    const runner = functionRunner(async () => {
      sent += 1;
      await new Promise((resolve) => setImmediate(resolve));
    });
    const { source, make } = setUp({ runner, triggers: [triggerOf("welcome")], dispatch: "background" });
    await source.handleSegmentPayload(Array.from({ length: 1_000 }, (_, index) => signUp(`user-${index}`)));
    const worker = make({ concurrency: 20 });
    worker.start();
    while (sent === 0) await new Promise((resolve) => setImmediate(resolve));
    await worker.close();
    const sentByThen = sent;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sent).toBe(sentByThen);
    expect(sent).toBeLessThan(1_000);
  });

  it("an aborted recover claims nothing more", async () => {
    const runner = recordingRunner();
    const { source } = setUp({ runner, triggers: [triggerOf("welcome")], dispatch: "background" });
    await source.handleSegmentPayload(signUp("ada"));
    await expect(source.recover({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    expect(runner.runs).toHaveLength(0);
  });

  it("a payload whose signal is aborted while it is recorded does not wait for its runs", async () => {
    const clock = manualClock(new Date());
    const storage = memoryStorage({ clock });
    const controller = new AbortController();
    const events: typeof storage.events = {
      ...storage.events,
      record: async (params) => {
        const recorded = await storage.events.record(params);
        controller.abort();
        return recorded;
      },
    };
    const source = createSegmentSource({
      storage: { ...storage, events },
      clock,
      runner: functionRunner(never),
      triggers: [triggerOf("welcome")],
      unidentified: "create",
    });
    const { events: outcomes } = await source.handleSegmentPayload(signUp("ada"), { signal: controller.signal });
    expect(outcomes).toMatchObject([{ status: "in_progress" }]);
  });
});
