import { describe, expect, it } from "vitest";
import { functionRunner } from "../../src/runner/function-runner.js";
import { classifyRunnerFailure, runnerError } from "../../src/runner/runner-error.js";
import { recordingRunner } from "../../src/testing/recording-runner.js";
import type { ReceivedRun } from "../../src/testing/runner-conformance.js";
import { runnerConformance } from "../../src/testing/runner-conformance.js";

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
          });
        },
      });
      return { runner, received: () => received, fail: (error: unknown) => failures.push(error) };
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
        }));
      return { runner, received, fail: (error: unknown) => runner.failNext(error) };
    },
  ],
])("%s conforms", (_, make) => {
  const cases = runnerConformance(() => {
    const { runner, received, fail } = make();
    return {
      runner,
      workflow: "greet",
      received,
      failNext: (kind) => void fail(runnerError(kind, "the engine said no")),
      dispose: () => undefined,
    };
  });
  for (const { name, run } of cases) it(name, run);
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
