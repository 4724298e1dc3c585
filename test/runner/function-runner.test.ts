import { describe, expect, it } from "vitest";
import { combineRunners } from "../../src/runner/combine-runners.js";
import { functionRunner } from "../../src/runner/function-runner.js";
import type { WorkflowRunner } from "../../src/runner/runner.js";
import { classifyRunnerFailure, runnerError } from "../../src/runner/runner-error.js";
import { createSegmentSource } from "../../src/source/create-segment-source.js";
import { memoryStorage } from "../../src/storage/memory-storage.js";
import { track } from "../../src/testing/build-event.js";
import { manualClock } from "../../src/testing/manual-clock.js";
import { recordingRunner } from "../../src/testing/recording-runner.js";
import { runnerConformance } from "../../src/testing/runner-conformance.js";
import type { ReceivedRun } from "../../src/testing/runner-under-test.js";

const idOf = (recipient: unknown) =>
  typeof recipient === "string" ? recipient : String(Reflect.get(Object(recipient), "id"));

describe.each([
  [
    "functionRunner, one function for each workflow",
    () => {
      const received: ReceivedRun[] = [];
      const failures: unknown[] = [];
      const runner = functionRunner({
        greet: (run, { idempotencyKey }) => {
          if (failures.length > 0) throw failures.shift();
          received.push({
            workflow: run.workflow,
            recipients: run.recipients.map(idOf),
            idempotencyKey,
            data: run.data,
            text: JSON.stringify(run),
          });
        },
      });
      const fail = (error: unknown) => failures.push(error);
      return { runner, received: () => received, canceled: () => [], fail, cancels: false };
    },
  ],
  [
    "recordingRunner",
    () => {
      const runner = recordingRunner();
      const received = () =>
        runner.runs.map(({ request, context }) => ({
          workflow: request.workflow,
          recipients: request.recipients.map(idOf),
          idempotencyKey: context.idempotencyKey,
          data: request.data,
          text: JSON.stringify(request),
        }));
      const canceled = () => runner.cancels.map(({ request }) => request);
      return { runner, received, canceled, fail: (error: unknown) => runner.failNext(error), cancels: true };
    },
  ],
])("%s conforms", (_, make) => {
  const cases = runnerConformance(
    () => {
      const { runner, received, canceled, fail } = make();
      return {
        runner,
        workflow: "greet",
        received,
        canceled,
        failNext: (kind) => void fail(runnerError(kind === "silence" ? "ambiguous" : kind, "the engine said no")),
        dispose: () => undefined,
      };
    },
    { takesActor: true, takesTenant: true, cancels: make().cancels },
  );
  for (const { name, run } of cases) it(name, run);
});

const trigger = (workflow: string) => ({
  key: workflow,
  event: "Told",
  workflow,
  recipients: "properties.recipients",
});

describe("functionRunner", () => {
  const request = {
    action: "trigger",
    workflow: "missing",
    recipients: ["ada"],
    actor: null,
    tenant: null,
    data: {},
    cancellationKey: null,
  } as const;
  const context = {
    idempotencyKey: "bw_1",
    attempt: 1,
    signal: new AbortController().signal,
    environment: "test",
    source: "web",
    trigger: "t",
    messageId: "m",
  };

  it.each(["missing", "constructor", "toString"])(
    "refuses the unknown workflow %s for good and names the known ones",
    async (workflow) => {
      const runner = functionRunner({ greet: () => undefined });
      await expect(runner.trigger({ ...request, workflow }, context)).rejects.toMatchObject({
        code: "RUNNER_PERMANENT",
        message: expect.stringContaining("greet"),
      });
    },
  );

  it("is refused a trigger of another workflow when it is registered", () => {
    const create = (runner: WorkflowRunner) =>
      createSegmentSource({ storage: memoryStorage(), runner, triggers: [trigger("welcome")] });
    const functions = functionRunner({ welcom: () => undefined, farewell: () => undefined });
    for (const runner of [functions, combineRunners({ workflows: { welcome: functions } })]) {
      expect(() => create(runner)).toThrow(
        expect.objectContaining({
          code: "CONFIG_TRIGGER_INVALID",
          message: 'There is no function for the workflow "welcome". Did you mean welcom? There are: welcom, farewell.',
        }),
      );
    }
    expect(() => create(functionRunner(() => undefined))).not.toThrow();
  });

  it.each([
    ["after a failed attempt", "inline", trigger("gone")],
    ["never attempted", "background", trigger("gone")],
    ["for the members of a group", "background", { ...trigger("gone"), expand: true }],
  ] as const)("a run that was planned for a function that is gone ends as failed: %s", async (_, dispatch, planned) => {
    const clock = manualClock();
    const storage = memoryStorage({ clock });
    const shared = { storage, clock, unidentified: "create" } as const;
    const failing = functionRunner({ gone: () => Promise.reject(runnerError("retryable", "busy")) });
    const before = createSegmentSource({ ...shared, dispatch, runner: failing, triggers: [planned] });
    await before.groups.addMember("acme", "ada");
    const recipients = "expand" in planned ? [{ collection: "groups", id: "acme" }] : ["ada"];
    await before.handleSegmentPayload(track("Told", { recipients }));
    await clock.advance("1h");
    const after = createSegmentSource({ ...shared, runner: functionRunner({ kept: () => undefined }) });
    expect(await after.recover()).toMatchObject({ claimed: 1, failed: 1 });
    expect((await after.runs.list()).items).toMatchObject([
      { status: "failed", error: expect.stringContaining("There are: kept.") },
    ]);
  });

  it("takes one function for all workflows, and passes its run id on", async () => {
    const runner = functionRunner((run) => ({ workflowRunId: `${run.workflow}-1` }));
    await expect(runner.trigger(request, context)).resolves.toEqual({ workflowRunId: "missing-1" });
  });

  it("can cancel only where it was given a function for it", async () => {
    expect(functionRunner({}).cancel).toBeUndefined();
    const canceled: string[] = [];
    const runner = functionRunner({}, { cancel: (cancel) => void canceled.push(cancel.cancellationKey) });
    await runner.cancel?.({ action: "cancel", workflow: "greet", cancellationKey: "k", recipients: null }, context);
    expect(canceled).toEqual(["k"]);
  });
});

describe("classifyRunnerFailure", () => {
  it.each([
    [runnerError("permanent", "no such workflow"), "permanent", null],
    [runnerError("retryable", "busy", { retryAfterMs: 2_000 }), "retryable", 2_000],
    [runnerError("ambiguous", "reset"), "ambiguous", null],
    [new Error("socket hang up"), "ambiguous", null],
    ["a text", "ambiguous", null],
    [undefined, "ambiguous", null],
  ])("%s", (error, kind, retryAfterMs) => {
    expect(classifyRunnerFailure(error)).toMatchObject({ kind, retryAfterMs });
  });
});
