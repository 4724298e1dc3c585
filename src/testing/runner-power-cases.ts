import assert from "node:assert/strict";
import { BellwireError } from "../core/errors.js";
import type { WorkflowCancelRequest } from "../runner/runner.js";
import { rejection, runContext, runRequest, userNamed } from "./runner-fixtures.js";
import type { EngineFault, RunnerCheck, RunnerPowers, RunnerUnderTest } from "./runner-under-test.js";

/** What only some runners can do. */
export function powerCases({ cancels, identifies, batches, faults }: RunnerPowers): readonly RunnerCheck[] {
  return [
    ...(cancels ? cancelCases(faults ?? ["permanent", "retryable"]) : []),
    ...(identifies ? identifyCases() : []),
    ...(batches ? batchCases() : []),
  ];
}

function cancelCases(faults: readonly EngineFault[]): readonly RunnerCheck[] {
  return [
    [
      "cancels by the cancellation key, for everybody",
      async (underTest) => {
        await defined(underTest.runner.cancel).call(underTest.runner, cancelRequest(underTest), runContext("bw_c"));
        const [cancel] = (await underTest.canceled?.()) ?? [];
        assert.equal(cancel?.cancellationKey, "invite-1");
        assert.ok(cancel.workflow === null || cancel.workflow === underTest.workflow);
      },
    ],
    [
      "cancels again without harm",
      async (underTest) => {
        const { runner } = underTest;
        for (const attempt of [1, 2]) {
          await defined(runner.cancel).call(runner, cancelRequest(underTest), runContext("bw_c", { attempt }));
        }
      },
    ],
    ...(["permanent", "retryable"] as const)
      .filter((fault) => faults.includes(fault))
      .map(
        (fault): RunnerCheck => [
          `reports a cancel that fails and is ${fault}`,
          async (underTest) => {
            await underTest.failNext(fault);
            const error = await rejection(
              defined(underTest.runner.cancel).call(underTest.runner, cancelRequest(underTest), runContext("bw_c")),
            );
            assert.ok(BellwireError.is(error));
            assert.equal(error.code, fault === "permanent" ? "RUNNER_PERMANENT" : "RUNNER_RETRYABLE");
          },
        ],
      ),
  ];
}

function cancelRequest({ workflow }: RunnerUnderTest): WorkflowCancelRequest {
  return { action: "cancel", workflow, cancellationKey: "invite-1", recipients: null };
}

function identifyCases(): readonly RunnerCheck[] {
  const { signal } = new AbortController();
  return [
    [
      "tells the engine of one user",
      async ({ runner, identified }) => {
        await defined(runner.identify).call(runner, {
          environment: "test",
          users: [userNamed("ada", { plan: "pro" })],
          signal,
        });
        assert.deepEqual(await identified?.(), ["ada"]);
      },
    ],
    [
      "tells the engine of a hundred users with one call to the runner",
      async ({ runner, identified }) => {
        const users = Array.from({ length: 100 }, (_, index) => userNamed(`user-${index}`));
        await defined(runner.identify).call(runner, { environment: "test", users, signal });
        const ids = new Set((await identified?.()) ?? []);
        assert.equal(ids.size, 100);
      },
    ],
    [
      "takes properties that are named like fields of the engine",
      async ({ runner, identified }) => {
        const properties = { collection: "projects", id: "another", user_id: "another", subscriberId: "another" };
        await defined(runner.identify).call(runner, {
          environment: "test",
          users: [userNamed("ada", properties)],
          signal,
        });
        assert.deepEqual(await identified?.(), ["ada"]);
      },
    ],
    [
      "reports that users could not be told",
      async ({ runner, failNext }) => {
        await failNext("retryable");
        const users = [userNamed("ada")];
        const error = await rejection(defined(runner.identify).call(runner, { environment: "test", users, signal }));
        assert.ok(BellwireError.is(error));
        assert.equal(error.code, "RUNNER_RETRYABLE");
      },
    ],
  ];
}

function batchCases(): readonly RunnerCheck[] {
  const runs = (workflow: string, count: number) =>
    Array.from({ length: count }, (_, index) => ({
      request: runRequest(workflow, { recipients: [`user-${index}`] }),
      context: runContext(`bw_k${index}`),
    }));
  return [
    [
      "starts a hundred runs with one call, and answers in their order",
      async ({ runner, workflow, received }) => {
        const answers = await defined(runner.triggerBatch).call(runner, runs(workflow, 100));
        assert.equal(answers.length, 100);
        assert.ok(answers.every((answer) => !(answer instanceof Error)));
        const keys = (await received()).map((run) => run.idempotencyKey);
        assert.equal(keys.length, 100);
        assert.deepEqual(new Set(keys), new Set(runs(workflow, 100).map(({ context }) => context.idempotencyKey)));
      },
    ],
    [
      "starts one and the same run once",
      async ({ runner, workflow, received }) => {
        await defined(runner.triggerBatch).call(runner, runs(workflow, 3));
        await defined(runner.triggerBatch).call(runner, runs(workflow, 3));
        const keys = (await received()).map((run) => run.idempotencyKey);
        assert.equal(keys.length, 3);
      },
    ],
  ];
}

function defined<Value>(method: Value | undefined): Value {
  assert.ok(method !== undefined, "the runner is said to have this method");
  return method;
}
