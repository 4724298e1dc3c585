import assert from "node:assert/strict";
import { BellwireError } from "../core/errors.js";
import { rejection, runContext, runRequest } from "./runner-fixtures.js";
import type { EngineFault, RunnerCheck, RunnerPowers } from "./runner-under-test.js";

const allFaults: readonly EngineFault[] = ["permanent", "retryable", "ambiguous"];
const codes = { permanent: "RUNNER_PERMANENT", retryable: "RUNNER_RETRYABLE" } as const;

/** How a runner reports what went wrong. */
export function failureCases({ heedsSignal = false, faults = allFaults }: RunnerPowers): readonly RunnerCheck[] {
  return [
    ...(["permanent", "retryable"] as const).filter((fault) => faults.includes(fault)).map(classified),
    ...faults.flatMap((fault) => [worksAgain(fault), keepsDataOut(fault), failsAlone(fault)]),
    [
      "reports an unknown end as ambiguous, by its code or as an error of any other kind",
      async ({ runner, workflow, failNext }) => {
        await failNext("ambiguous");
        assert.ok(isAmbiguous(await rejection(runner.trigger(runRequest(workflow), runContext("bw_a")))));
      },
    ],
    ...(faults.includes("retryable") ? [asksToWait] : []),
    ...(heedsSignal ? signalCases() : []),
  ];
}

const asksToWait: RunnerCheck = [
  "says of a wait that the engine asked for that it is a time from now",
  async ({ runner, workflow, failNext }) => {
    await failNext("retryable");
    const error = await rejection(runner.trigger(runRequest(workflow), runContext("bw_a")));
    assert.ok(BellwireError.is(error));
    const { retryAfterMs } = error.details;
    assert.ok(retryAfterMs === undefined || (typeof retryAfterMs === "number" && retryAfterMs >= 0));
  },
];

function failsAlone(fault: EngineFault): RunnerCheck {
  return [
    `a failure that is ${fault} fails no other run`,
    async ({ runner, workflow, failNext }) => {
      await failNext(fault);
      await rejection(runner.trigger(runRequest(workflow), runContext("bw_a")));
      await runner.trigger(runRequest(workflow), runContext("bw_b"));
    },
  ];
}

function classified(fault: "permanent" | "retryable"): RunnerCheck {
  return [
    `reports a ${fault} failure as ${codes[fault]}`,
    async ({ runner, workflow, failNext }) => {
      await failNext(fault);
      const error = await rejection(runner.trigger(runRequest(workflow), runContext("bw_a")));
      assert.ok(BellwireError.is(error), "rejects with an error made by runnerError");
      assert.equal(error.code, codes[fault]);
      assert.equal(error.retryable, fault === "retryable");
    },
  ];
}

function worksAgain(fault: EngineFault): RunnerCheck {
  return [
    `takes the same run again after a failure that is ${fault}`,
    async ({ runner, workflow, failNext }) => {
      await failNext(fault);
      await rejection(runner.trigger(runRequest(workflow), runContext("bw_a", { attempt: 1 })));
      await runner.trigger(runRequest(workflow), runContext("bw_a", { attempt: 2 }));
    },
  ];
}

function keepsDataOut(fault: EngineFault): RunnerCheck {
  return [
    `keeps personal data out of the message of a failure that is ${fault}`,
    async ({ runner, workflow, failNext }) => {
      await failNext(fault);
      const error = await rejection(runner.trigger(runRequest(workflow), runContext("bw_a")));
      assert.ok(error instanceof Error);
      assert.doesNotMatch(
        `${error.message} ${JSON.stringify(Reflect.get(error, "details") ?? {})}`,
        /grace@example\.com/,
      );
    },
  ];
}

function signalCases(): readonly RunnerCheck[] {
  return [
    [
      "an aborted signal ends a call that the engine does not answer, as ambiguous",
      async ({ runner, workflow, failNext }) => {
        await failNext("silence");
        const controller = new AbortController();
        setTimeout(() => controller.abort(), 50);
        const error = await rejection(
          runner.trigger(runRequest(workflow), runContext("bw_a", { signal: controller.signal })),
        );
        assert.ok(isAmbiguous(error));
      },
    ],
    [
      "a signal that is aborted already never starts a run without an error",
      async ({ runner, workflow }) => {
        await rejection(runner.trigger(runRequest(workflow), runContext("bw_a", { signal: AbortSignal.abort() })));
      },
    ],
  ];
}

function isAmbiguous(error: unknown): boolean {
  return !BellwireError.is(error) || error.code === "RUNNER_AMBIGUOUS";
}
