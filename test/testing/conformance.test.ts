import { memoryStorage, type RunStore, type WorkflowRunner } from "bellwire";
import {
  type ConformanceCase,
  manualClock,
  type ReceivedRun,
  runnerConformance,
  storageConformance,
} from "bellwire/testing";
import { expect, it } from "vitest";

/** What each case that fails says, by its name. */
async function failuresOf(cases: readonly ConformanceCase[]): Promise<ReadonlyMap<string, string>> {
  const failures = new Map<string, string>();
  for (const { name, run } of cases) {
    await run().catch((error: unknown) => failures.set(name, error instanceof Error ? error.message : String(error)));
  }
  return failures;
}

const faults: Readonly<Record<string, (runs: RunStore) => Partial<RunStore>>> = {
  "claim: oldest due first": (runs) => ({ claim: async (params) => [...(await runs.claim(params))].reverse() }),
  "expired: tells of users whose time is over, longest first, and what is to become of their runs": (runs) => ({
    expired: async (params) => [...(await runs.expired(params))].reverse(),
  }),
  "list: by status, newest first, in pages": (runs) => ({
    list: async ({ limit, cursor = "0", ...params }) => {
      const oldestFirst = [...(await runs.list({ ...params, limit: 1_000 })).items].reverse();
      const end = Number(cursor) + limit;
      const nextCursor = end < oldestFirst.length ? String(end) : null;
      return { items: oldestFirst.slice(Number(cursor), end), nextCursor };
    },
  }),
};

it.each(Object.entries(faults))("storageConformance finds the wrong order: %s", async (name, spoil) => {
  const cases = storageConformance(() => {
    const clock = manualClock(new Date());
    const storage = memoryStorage({ clock });
    const runs = { ...storage.runs, ...spoil(storage.runs) };
    return { storage: { ...storage, runs }, advance: (ms) => clock.advance(ms), dispose: () => undefined };
  });
  expect([
    ...(await failuresOf(cases.filter((each) => each.name.startsWith(name.split(":")[0] ?? "")))).keys(),
  ]).toEqual([name]);
});

it("runnerConformance finds runs that were started twice, and says what is to be declared", async () => {
  const make = () => {
    const received: ReceivedRun[] = [];
    const runner: WorkflowRunner = {
      capabilities: { maxRecipients: null, idempotencyWindowMs: null },
      trigger: async () => ({ workflowRunId: null }),
      triggerBatch: async (runs) => {
        for (const { request, context } of runs) {
          const { workflow, data } = request;
          received.push({ workflow, recipients: [], idempotencyKey: context.idempotencyKey, data, text: "" });
        }
        return runs.map(() => ({ workflowRunId: null }));
      },
    };
    return {
      runner,
      workflow: "welcome",
      received: () => received,
      failNext: () => undefined,
      dispose: () => undefined,
    };
  };
  const failures = await failuresOf(runnerConformance(make, { batches: true }));
  expect(failures.get("starts one and the same run once")).toContain("6 !== 3");
  expect(failures.has("starts a hundred runs with one call, and answers in their order")).toBe(false);
  expect(failures.get("refuses triggers that map an actor, and says why")).toContain("set the power takesActor");
  expect(failures.get("refuses triggers that map a tenant, and says why")).toContain("capabilities.refuses.tenant");
});
