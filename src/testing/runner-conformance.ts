import assert from "node:assert/strict";
import { BellwireError } from "../core/errors.js";
import type { RunContext, WorkflowRunner, WorkflowRunRequest } from "../runner/runner.js";
import type { ConformanceCase } from "./conformance-case.js";

/** What the engine behind the runner was made to do with one start of a run. */
export type EngineFault = "permanent" | "retryable" | "ambiguous";

export interface RunnerUnderTest {
  readonly runner: WorkflowRunner;
  /** A workflow that the engine knows. */
  readonly workflow: string;
  /** What reached the engine, in order. */
  readonly received: () => Promise<readonly ReceivedRun[]> | readonly ReceivedRun[];
  /** Makes the engine treat the next start of a run so. */
  readonly failNext: (fault: EngineFault) => Promise<void> | void;
  readonly dispose: () => Promise<void> | void;
}

export interface ReceivedRun {
  readonly workflow: string;
  /** Ids, in order. */
  readonly recipients: readonly string[];
  /** `null` for an engine that takes none. */
  readonly idempotencyKey: string | null;
  readonly data: unknown;
}

/** Checks that a `WorkflowRunner` does what the port says; run each case with any test runner. */
export function runnerConformance(make: () => Promise<RunnerUnderTest> | RunnerUnderTest): readonly ConformanceCase[] {
  const conformanceCase = (name: string, check: (runner: RunnerUnderTest) => Promise<void>): ConformanceCase => ({
    name,
    run: async () => {
      const underTest = await make();
      try {
        await check(underTest);
      } finally {
        await underTest.dispose();
      }
    },
  });
  return [...startingCases(), ...failureCases()].map(([name, check]) => conformanceCase(name, check));
}

type Check = readonly [name: string, check: (underTest: RunnerUnderTest) => Promise<void>];

function startingCases(): readonly Check[] {
  return [
    [
      "declares a recipient limit that is null or a whole number above 0",
      async ({ runner }) => {
        const { maxRecipients } = runner.capabilities;
        assert.ok(maxRecipients === null || (Number.isSafeInteger(maxRecipients) && maxRecipients > 0));
      },
    ],
    [
      "declares an idempotency window that is null or above 0",
      async ({ runner }) => {
        const { idempotencyWindowMs } = runner.capabilities;
        assert.ok(idempotencyWindowMs === null || idempotencyWindowMs > 0);
      },
    ],
    [
      "hands workflow, recipients and data to the engine",
      async ({ runner, workflow, received }) => {
        await runner.trigger(request(workflow), context("bw_a"));
        const [run] = await received();
        assert.equal(run?.workflow, workflow);
        assert.deepEqual(run?.recipients, ["ada", "grace"]);
        assert.deepEqual(run?.data, { title: "Hello" });
      },
    ],
    [
      "answers with an id or null, never undefined",
      async ({ runner, workflow }) => {
        const { workflowRunId } = await runner.trigger(request(workflow), context("bw_a"));
        assert.ok(workflowRunId === null || typeof workflowRunId === "string");
      },
    ],
    [
      "sends the same run and key on every attempt",
      async ({ runner, workflow, received }) => {
        await runner.trigger(request(workflow), context("bw_a", 1));
        await runner.trigger(request(workflow), context("bw_a", 2));
        const [first, second = first] = await received();
        assert.deepEqual(second, first);
      },
    ],
    [
      "does not change the request it is given",
      async ({ runner, workflow }) => {
        const run = request(workflow);
        const before = JSON.stringify(run);
        await runner.trigger(run, context("bw_a"));
        assert.equal(JSON.stringify(run), before);
      },
    ],
    [
      "starts concurrent runs independently",
      async ({ runner, workflow, received }) => {
        const keys = Array.from({ length: 20 }, (_, index) => `bw_${index}`);
        await Promise.all(keys.map((key) => runner.trigger(request(workflow), context(key))));
        assert.equal((await received()).length, 20);
      },
    ],
  ];
}

function failureCases(): readonly Check[] {
  const kinds = { permanent: "RUNNER_PERMANENT", retryable: "RUNNER_RETRYABLE" } as const;
  const classified = (["permanent", "retryable"] as const).map(
    (fault): Check => [
      `reports a ${fault} failure as ${kinds[fault]}`,
      async ({ runner, workflow, failNext }) => {
        await failNext(fault);
        const error = await rejection(runner.trigger(request(workflow), context("bw_a")));
        assert.ok(BellwireError.is(error), "rejects with an error made by runnerError");
        assert.equal(error.code, kinds[fault]);
      },
    ],
  );
  return [
    ...classified,
    [
      "reports an unknown end as ambiguous, by its code or as an error of any other kind",
      async ({ runner, workflow, failNext }) => {
        await failNext("ambiguous");
        const error = await rejection(runner.trigger(request(workflow), context("bw_a")));
        assert.ok(!BellwireError.is(error) || error.code === "RUNNER_AMBIGUOUS");
      },
    ],
    [
      "works again after a failure",
      async ({ runner, workflow, failNext }) => {
        await failNext("retryable");
        await rejection(runner.trigger(request(workflow), context("bw_a", 1)));
        await runner.trigger(request(workflow), context("bw_a", 2));
      },
    ],
    [
      "a failed run fails no other",
      async ({ runner, workflow, failNext }) => {
        await failNext("permanent");
        await rejection(runner.trigger(request(workflow), context("bw_a")));
        await runner.trigger(request(workflow), context("bw_b"));
      },
    ],
  ];
}

async function rejection(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  return assert.fail("the call was expected to reject");
}

function request(workflow: string): WorkflowRunRequest {
  return {
    action: "trigger",
    workflow,
    recipients: ["ada", { id: "grace", email: "grace@example.com" }],
    actor: "linus",
    tenant: "acme",
    data: { title: "Hello" },
    cancellationKey: null,
  };
}

function context(idempotencyKey: string, attempt = 1): RunContext {
  return {
    idempotencyKey,
    attempt,
    signal: new AbortController().signal,
    environment: "test",
    source: "conformance",
    trigger: "conformance",
    messageId: "conformance-1",
  };
}
