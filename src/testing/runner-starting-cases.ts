import assert from "node:assert/strict";
import { capabilitiesOf } from "../runner/runner.js";
import { deepFreeze, runContext, runRequest } from "./runner-fixtures.js";
import type { RunnerCheck, RunnerPowers } from "./runner-under-test.js";

/** What a runner declares, and how it hands runs over. */
export function startingCases(powers: RunnerPowers): readonly RunnerCheck[] {
  return [...declarationCases(powers), ...handingOverCases(), ...keyCases(), ...fieldCases(powers)];
}

function declarationCases(powers: RunnerPowers): readonly RunnerCheck[] {
  return [
    [
      "declares a recipient limit that is null or a whole number above 0",
      async ({ runner, workflow }) => {
        const { maxRecipients } = capabilitiesOf(runner, workflow);
        assert.ok(maxRecipients === null || (Number.isSafeInteger(maxRecipients) && maxRecipients > 0));
      },
    ],
    [
      "declares an idempotency window that is null or above 0",
      async ({ runner, workflow }) => {
        const { idempotencyWindowMs } = capabilitiesOf(runner, workflow);
        assert.ok(idempotencyWindowMs === null || idempotencyWindowMs > 0);
      },
    ],
    [
      "has the methods of the powers it is said to have, and no others",
      async ({ runner }) => {
        assert.equal(runner.cancel !== undefined, powers.cancels ?? false, "cancel");
        assert.equal(runner.identify !== undefined, powers.identifies ?? false, "identify");
        assert.equal(runner.triggerBatch !== undefined, powers.batches ?? false, "triggerBatch");
      },
    ],
  ];
}

function handingOverCases(): readonly RunnerCheck[] {
  return [...recipientCases(), ...dataCases(), ...manneredCases()];
}

function recipientCases(): readonly RunnerCheck[] {
  return [
    [
      "hands workflow, recipients and data to the engine",
      async ({ runner, workflow, received }) => {
        await runner.trigger(runRequest(workflow), runContext("bw_a"));
        const [run] = await received();
        assert.equal(run?.workflow, workflow);
        assert.deepEqual(run?.recipients, ["ada", "grace"]);
        assert.deepEqual(run?.data, { title: "Hello" });
      },
    ],
    [
      "hands over the attributes of an inline user",
      async ({ runner, workflow, received }) => {
        await runner.trigger(runRequest(workflow), runContext("bw_a"));
        assert.match((await received())[0]?.text ?? "", /grace@example\.com/);
      },
    ],
    [
      "keeps the order of recipients, up to its limit",
      async ({ runner, workflow, received }) => {
        const count = Math.min(capabilitiesOf(runner, workflow).maxRecipients ?? 100, 1_000);
        const recipients = Array.from({ length: count }, (_, index) => `user-${index}`);
        await runner.trigger(runRequest(workflow, { recipients }), runContext("bw_a"));
        assert.deepEqual((await received())[0]?.recipients, recipients);
      },
    ],
  ];
}

function dataCases(): readonly RunnerCheck[] {
  return [
    [
      "hands over data of every kind as it is",
      async ({ runner, workflow, received }) => {
        const data = {
          text: "Zoë 🦊 \u2028 </script> \"quoted\" 'single' \\",
          number: -1.5e-7,
          yes: true,
          nothing: null,
          list: [1, [2, [3]], {}],
          nested: { deep: { deeper: { a: [{ b: null }] } } },
          "odd key.with[brackets]": 1,
          "": "empty key",
        };
        await runner.trigger(runRequest(workflow, { data }), runContext("bw_a"));
        assert.deepEqual((await received())[0]?.data, data);
      },
    ],
    [
      "hands over empty data",
      async ({ runner, workflow, received }) => {
        await runner.trigger(runRequest(workflow, { data: {} }), runContext("bw_a"));
        assert.deepEqual((await received())[0]?.data, {});
      },
    ],
    [
      "hands over 100 KB of data",
      async ({ runner, workflow, received }) => {
        const data = { text: "x".repeat(100_000) };
        await runner.trigger(runRequest(workflow, { data }), runContext("bw_a"));
        assert.deepEqual((await received())[0]?.data, data);
      },
    ],
  ];
}

function manneredCases(): readonly RunnerCheck[] {
  return [
    [
      "answers with an id or null, never undefined",
      async ({ runner, workflow }) => {
        const { workflowRunId } = await runner.trigger(runRequest(workflow), runContext("bw_a"));
        assert.ok(workflowRunId === null || typeof workflowRunId === "string");
      },
    ],
    [
      "does not change the request it is given",
      async ({ runner, workflow }) => {
        await runner.trigger(
          deepFreeze(runRequest(workflow, { recipients: ["ada", { id: "grace", a: [1] }] })),
          runContext("bw_a"),
        );
      },
    ],
    [
      "starts concurrent runs independently",
      async ({ runner, workflow, received }) => {
        const keys = Array.from({ length: 20 }, (_, index) => `bw_k${index}`);
        await Promise.all(keys.map((key) => runner.trigger(runRequest(workflow), runContext(key))));
        assert.equal((await received()).length, 20);
      },
    ],
  ];
}

function keyCases(): readonly RunnerCheck[] {
  return [
    [
      "sends the same run and key on every attempt",
      async ({ runner, workflow, received }) => {
        await runner.trigger(runRequest(workflow), runContext("bw_a", { attempt: 1 }));
        await runner.trigger(runRequest(workflow), runContext("bw_a", { attempt: 2 }));
        const [first, second = first] = await received();
        assert.deepEqual({ ...second, text: "" }, { ...first, text: "" });
      },
    ],
    [
      "sends different keys for different runs, or none at all",
      async ({ runner, workflow, received }) => {
        await runner.trigger(runRequest(workflow), runContext("bw_a"));
        await runner.trigger(runRequest(workflow), runContext("bw_b"));
        const keys = (await received()).map((run) => run.idempotencyKey);
        assert.ok(keys.every((key) => key === null) || new Set(keys).size === 2);
      },
    ],
    [
      "sends a key wherever it declares a window",
      async ({ runner, workflow, received }) => {
        await runner.trigger(runRequest(workflow), runContext("bw_a"));
        const declared = capabilitiesOf(runner, workflow).idempotencyWindowMs !== null;
        const [run] = await received();
        assert.ok(!declared || run?.idempotencyKey === "bw_a");
      },
    ],
  ];
}

function fieldCases({ takesActor, takesTenant }: RunnerPowers): readonly RunnerCheck[] {
  const actor: RunnerCheck = takesActor
    ? [
        "hands over the actor",
        async ({ runner, workflow, received }) => {
          await runner.trigger(runRequest(workflow, { actor: "the-actor" }), runContext("bw_a"));
          assert.match((await received())[0]?.text ?? "", /the-actor/);
        },
      ]
    : [
        "refuses triggers that map an actor, and says why",
        async ({ runner, workflow }) => {
          const { refuses } = capabilitiesOf(runner, workflow);
          assert.equal(typeof refuses?.actor, "string", undeclared("actor", "takesActor"));
        },
      ];
  const tenant: RunnerCheck = takesTenant
    ? [
        "hands over the tenant, as an id and as an object",
        async ({ runner, workflow, received }) => {
          await runner.trigger(runRequest(workflow, { tenant: "acme-1" }), runContext("bw_a"));
          await runner.trigger(runRequest(workflow, { tenant: { id: "acme-2", name: "Acme" } }), runContext("bw_b"));
          const runs = await received();
          assert.match(runs[0]?.text ?? "", /acme-1/);
          assert.match(runs[1]?.text ?? "", /acme-2/);
        },
      ]
    : [
        "refuses triggers that map a tenant, and says why",
        async ({ runner, workflow }) => {
          const { refuses } = capabilitiesOf(runner, workflow);
          assert.equal(typeof refuses?.tenant, "string", undeclared("tenant", "takesTenant"));
        },
      ];
  return [actor, tenant];
}

function undeclared(field: "actor" | "tenant", power: keyof RunnerPowers): string {
  return `Nothing says what becomes of the ${field}: set the power ${power} if the engine takes one, or else declare capabilities.refuses.${field}, the text that a trigger with one is refused with.`;
}
