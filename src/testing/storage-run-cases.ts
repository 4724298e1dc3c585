import assert from "node:assert/strict";
import type { RunResult } from "../storage/run-store.js";
import type { Storage } from "../storage/storage.js";
import {
  eventWithRun,
  leaseEndAfterFirstClaim,
  leaseMs,
  newEvent,
  newRun,
  recordParams,
  resultOf,
  type StorageCase,
  scope,
  second,
} from "./storage-fixtures.js";

const claimParams = { ...scope, owner: "process-2", leaseMs, limit: 10 };
const keysOf = (claimed: readonly { readonly run: { readonly idempotencyKey: string } }[]) =>
  claimed.map(({ run }) => run.idempotencyKey);
const eventOf = (storage: Storage, messageId: string) => storage.events.get({ ...scope, messageId });

const settleCases: readonly StorageCase[] = [
  [
    "settle: a finished run finishes its event, with what the engine answered",
    async ({ storage }) => {
      const [recorded] = await storage.events.record(recordParams([eventWithRun("a")]));
      assert.equal((await eventOf(storage, "a"))?.status, "in_progress");
      assert.deepEqual(await storage.runs.settle({ results: [resultOf(recorded?.claimed[0])] }), [true]);
      const event = await eventOf(storage, "a");
      assert.equal(event?.status, "processed");
      const [run] = event?.runs ?? [];
      assert.deepEqual(
        [run?.status, run?.attempts, run?.workflowRunId, run?.error, run?.durationMs],
        ["triggered", 1, "engine-1", null, 12],
      );
      assert.deepEqual((await storage.events.record(recordParams([eventWithRun("a")])))[0]?.status, "finished");
    },
  ],
  [
    "settle: an event is finished when all its runs are, and failed when one of them is",
    async ({ storage }) => {
      const [recorded] = await storage.events.record(
        recordParams([newEvent("a", { runs: [newRun("r1"), newRun("r2")] })]),
      );
      const [first, second] = recorded?.claimed ?? [];
      await storage.runs.settle({
        results: [resultOf(first, { status: "failed", workflowRunId: null, error: "no such workflow" })],
      });
      assert.equal((await eventOf(storage, "a"))?.status, "in_progress");
      await storage.runs.settle({ results: [resultOf(second)] });
      assert.equal((await eventOf(storage, "a"))?.status, "failed");
    },
  ],
  ...(["dead", "uncertain", "failed", "canceled", "skipped"] as const).map(
    (status): StorageCase => [
      `settle: a run that is ${status} is not claimed again`,
      async ({ storage, advance }) => {
        const [recorded] = await storage.events.record(recordParams([eventWithRun("a")]));
        await storage.runs.settle({ results: [resultOf(recorded?.claimed[0], { status, workflowRunId: null })] });
        await advance(leaseMs + 50);
        assert.deepEqual(await storage.runs.claim(claimParams), []);
        const expected = status === "canceled" || status === "skipped" ? "processed" : "failed";
        assert.equal((await eventOf(storage, "a"))?.status, expected);
      },
    ],
  ),
  [
    "settle: a run to be repeated is claimed when it is due, and not before",
    async ({ storage, advance }) => {
      const [recorded] = await storage.events.record(recordParams([eventWithRun("a")]));
      const failed: Partial<RunResult> = { status: "pending", workflowRunId: null, error: "busy", retryInMs: 200 };
      await storage.runs.settle({ results: [resultOf(recorded?.claimed[0], failed)] });
      assert.deepEqual(await storage.runs.claim(claimParams), []);
      await advance(260);
      const [claimed] = await storage.runs.claim(claimParams);
      assert.deepEqual([claimed?.run.idempotencyKey, claimed?.run.attempts, claimed?.run.error], ["run_a", 1, "busy"]);
      assert.equal((await eventOf(storage, "a"))?.status, "in_progress");
    },
  ],
  [
    "settle: a run to be repeated goes to a redelivery at once",
    async ({ storage }) => {
      const [recorded] = await storage.events.record(recordParams([eventWithRun("a")]));
      const failed: Partial<RunResult> = { status: "pending", workflowRunId: null, error: "busy", retryInMs: 60_000 };
      await storage.runs.settle({ results: [resultOf(recorded?.claimed[0], failed)] });
      const [again] = await storage.events.record(recordParams([eventWithRun("a")]));
      assert.equal(again?.status, "unfinished");
      assert.deepEqual(keysOf(again?.claimed ?? []), ["run_a"]);
    },
  ],
  [
    "settle: whoever lost the lease is refused, and changes nothing",
    async ({ storage, advance }) => {
      const [recorded] = await storage.events.record(recordParams([eventWithRun("a")]));
      await advance(leaseMs + 50);
      const [claimed] = await storage.runs.claim(claimParams);
      const zombie = resultOf(recorded?.claimed[0], { status: "failed", error: "late", workflowRunId: null });
      assert.deepEqual(await storage.runs.settle({ results: [zombie] }), [false]);
      assert.deepEqual(await storage.runs.settle({ results: [resultOf(claimed)] }), [true]);
      const run = (await eventOf(storage, "a"))?.runs[0];
      assert.deepEqual([run?.status, run?.error, run?.attempts], ["triggered", null, 1]);
    },
  ],
  [
    "settle: twice is once, and an unknown run is refused",
    async ({ storage }) => {
      const [recorded] = await storage.events.record(recordParams([eventWithRun("a")]));
      const result = resultOf(recorded?.claimed[0]);
      assert.deepEqual(await storage.runs.settle({ results: [result] }), [true]);
      assert.deepEqual(await storage.runs.settle({ results: [result, { ...result, idempotencyKey: "unknown" }] }), [
        false,
        false,
      ]);
      assert.equal((await eventOf(storage, "a"))?.runs[0]?.attempts, 1);
    },
  ],
  [
    "settle: answers in the order of the results",
    async ({ storage }) => {
      const [recorded] = await storage.events.record(
        recordParams([newEvent("a", { runs: ["r1", "r2", "r3"].map((key) => newRun(key)) })]),
      );
      const [r1, r2, r3] = (recorded?.claimed ?? []).map((claimed) => resultOf(claimed));
      assert.ok(r1 && r2 && r3);
      assert.deepEqual(await storage.runs.settle({ results: [r3, { ...r1, fence: r1.fence + 7 }, r2] }), [
        true,
        false,
        true,
      ]);
      assert.equal((await eventOf(storage, "a"))?.status, "in_progress");
    },
  ],
];

const claimCases: readonly StorageCase[] = [
  [
    "claim: takes what a crashed process left, when its lease is over",
    async ({ storage, advance }) => {
      await storage.events.record(recordParams([eventWithRun("a")]));
      assert.deepEqual(await storage.runs.claim(claimParams), []);
      await advance(leaseMs + 50);
      assert.deepEqual(keysOf(await storage.runs.claim(claimParams)), ["run_a"]);
    },
  ],
  [
    "claim: remembers when a run was first claimed",
    async ({ storage, advance }) => {
      const [recorded] = await storage.events.record(recordParams([eventWithRun("a")]));
      await advance(leaseMs + 50);
      const [claimed] = await storage.runs.claim(claimParams);
      assert.deepEqual(claimed?.run.firstClaimedAt, recorded?.claimed[0]?.run.firstClaimedAt);
    },
  ],
  [
    "claim: says by the clock that says when a run was first claimed when its lease ends, whoever hands it out",
    async ({ storage, advance }) => {
      const [recorded] = await storage.events.record(recordParams([eventWithRun("a")]));
      assert.equal(leaseEndAfterFirstClaim(recorded?.claimed[0]), leaseMs);
      await advance(leaseMs + 50);
      const [claimed] = await storage.runs.claim(claimParams);
      const second = leaseEndAfterFirstClaim(claimed);
      assert.ok(second >= 2 * leaseMs, `${second} ms after it was first claimed`);
      await advance(leaseMs + 50);
      const [again] = await storage.events.record(recordParams([eventWithRun("a")]));
      const third = leaseEndAfterFirstClaim(again?.claimed[0]);
      assert.ok(third >= second + leaseMs, `${third} ms after it was first claimed`);
      await storage.runs.settle({ results: [resultOf(again?.claimed[0], { status: "dead", workflowRunId: null })] });
      const params = { ...scope, owner: "process-3", leaseMs, idempotencyKeys: ["run_a"] };
      const decided = await storage.runs.decide({ ...params, decision: "retry" });
      assert.equal(leaseEndAfterFirstClaim(decided.claimed[0]), leaseMs);
    },
  ],
  [
    "claim: no more than the limit, and only of its source and environment",
    async ({ storage }) => {
      const unleased = { leaseMs: null };
      await storage.events.record(recordParams(["a", "b", "c"].map(eventWithRun), unleased));
      await storage.events.record(
        recordParams([newEvent("d", { runs: [newRun("ios")] })], { ...unleased, source: "ios" }),
      );
      await storage.events.record(
        recordParams([newEvent("e", { runs: [newRun("dev")] })], { ...unleased, environment: "development" }),
      );
      assert.equal((await storage.runs.claim({ ...claimParams, limit: 2 })).length, 2);
      assert.equal((await storage.runs.claim(claimParams)).length, 1);
      assert.deepEqual(keysOf(await storage.runs.claim({ ...claimParams, source: "ios" })), ["ios"]);
    },
  ],
  [
    "claim: oldest due first",
    async ({ storage, advance }) => {
      const recorded = await storage.events.record(recordParams(["a", "b", "c", "d"].map(eventWithRun)));
      const waits = [120, 60, 180, 0];
      const results = recorded.map(({ claimed }, index) =>
        resultOf(claimed[0], { status: "pending", workflowRunId: null, error: "busy", retryInMs: waits[index] ?? 0 }),
      );
      await storage.runs.settle({ results });
      await advance(230);
      assert.deepEqual(keysOf(await storage.runs.claim({ ...claimParams, limit: 1 })), ["run_d"]);
      assert.deepEqual(keysOf(await storage.runs.claim(claimParams)), ["run_b", "run_a", "run_c"]);
    },
  ],
  [
    "claim: eight concurrent claimers get each run once",
    async ({ storage }) => {
      const keys = Array.from({ length: 60 }, (_, index) => `m${index}`);
      await storage.events.record(recordParams(keys.map(eventWithRun), { leaseMs: null }));
      const claims = Array.from({ length: 8 }, async (_, process) => {
        const mine: string[] = [];
        for (let round = 0; round < 6; round += 1) {
          const claimed = await storage.runs.claim({
            ...claimParams,
            owner: `process-${process}`,
            leaseMs: 60_000,
            limit: 5,
          });
          mine.push(...keysOf(claimed));
        }
        return mine;
      });
      const claimed = (await Promise.all(claims)).flat();
      assert.equal(claimed.length, 60);
      assert.equal(new Set(claimed).size, 60);
    },
  ],
  [
    "release: gives a lease back without counting an attempt; a stale one changes nothing",
    async ({ storage }) => {
      const [recorded] = await storage.events.record(recordParams([eventWithRun("a")]));
      const [first] = recorded?.claimed ?? [];
      assert.ok(first);
      const release = (fence: number) =>
        storage.runs.release({ runs: [{ idempotencyKey: first.run.idempotencyKey, fence }] });
      await release(first.fence);
      const [again] = await storage.runs.claim(claimParams);
      assert.equal(again?.run.attempts, 0);
      await release(first.fence);
      assert.deepEqual(await storage.runs.claim(claimParams), []);
    },
  ],
  [
    "list: by status, newest first, in pages",
    async ({ storage }) => {
      const receivedIn = (messageId: string, of: number) => ({ ...eventWithRun(messageId), receivedAt: second(of) });
      const [a] = await storage.events.record(recordParams([receivedIn("a", 1)]));
      await storage.events.record(recordParams([receivedIn("c", 3), receivedIn("b", 2)]));
      await storage.runs.settle({ results: [resultOf(a?.claimed[0])] });
      const { environment } = scope;
      const page = await storage.runs.list({ environment, status: "pending", limit: 1 });
      assert.equal(page.items.length, 1);
      assert.ok(page.nextCursor !== null);
      const rest = await storage.runs.list({ environment, status: "pending", limit: 5, cursor: page.nextCursor });
      const keys = [...page.items, ...rest.items].map((run) => run.idempotencyKey);
      assert.deepEqual(keys, ["run_c", "run_b"]);
      assert.equal((await storage.runs.list({ environment, status: "triggered", limit: 5 })).items.length, 1);
      const all = await storage.runs.list({ environment, limit: 2 });
      assert.ok(all.nextCursor !== null);
      const last = await storage.runs.list({ environment, limit: 2, cursor: all.nextCursor });
      const everything = [...all.items, ...last.items].map((run) => run.idempotencyKey);
      assert.deepEqual(everything, ["run_c", "run_b", "run_a"]);
      assert.equal(last.nextCursor, null);
      assert.equal((await storage.runs.list({ environment: "development", limit: 5 })).items.length, 0);
    },
  ],
];

export const runCases: readonly StorageCase[] = [...settleCases, ...claimCases];
