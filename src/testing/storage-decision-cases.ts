import assert from "node:assert/strict";
import type { DecideParams, RunDecision, RunResult, RunStatus } from "../storage/run-store.js";
import type { Storage } from "../storage/storage.js";
import { leaseMs, newEvent, newRun, recordParams, resultOf, type StorageCase, scope } from "./storage-fixtures.js";

const decide = (
  storage: Storage,
  decision: RunDecision,
  idempotencyKeys: readonly string[],
  overrides: Partial<DecideParams> = {},
) => storage.runs.decide({ ...scope, decision, idempotencyKeys, owner: "process-9", leaseMs: null, ...overrides });
const claim = (storage: Storage) => storage.runs.claim({ ...scope, owner: "process-3", leaseMs: 60_000, limit: 100 });
const eventOf = (storage: Storage, messageId = "a") => storage.events.get({ ...scope, messageId });
const runOf = async (storage: Storage, key = "r") =>
  (await eventOf(storage))?.runs.find((run) => run.idempotencyKey === key);
const hold = { userId: "grace", forMs: 60_000, onExpiry: "skip" } as const;

/** An event "a" whose runs are in these statuses, with keys `r`, `r1`, `r2`, …, and the leases that they were claimed with. */
async function withRuns(storage: Storage, ...statuses: readonly Exclude<RunStatus, "dropped">[]) {
  const keyOf = (index: number) => (index === 0 ? "r" : `r${index}`);
  const runs = statuses.map((status, index) => newRun(keyOf(index), status === "held" ? { hold } : {}));
  const [recorded] = await storage.events.record(recordParams([newEvent("a", { runs })], { leaseMs: 60_000 }));
  const claimed = recorded?.claimed ?? [];
  const results = claimed.flatMap((one): RunResult[] => {
    const status = statuses[runs.findIndex((run) => run.idempotencyKey === one.run.idempotencyKey)];
    if (status === undefined || status === "held" || status === "pending") return [];
    return [resultOf(one, { status, error: "no", workflowRunId: null })];
  });
  await storage.runs.settle({ results });
  return claimed;
}

const unfinished = ["pending", "held"] as const;
const failing = ["failed", "dead", "uncertain"] as const;
const finished = ["triggered", "canceled", "skipped"] as const;

const statusCases: readonly StorageCase[] = [
  ...failing.map(
    (status): StorageCase => [
      `decide: a ${status} run that is retried is due at once, as it was planned, and its event follows`,
      async ({ storage }) => {
        await withRuns(storage, status);
        const before = await runOf(storage);
        assert.equal((await eventOf(storage))?.status, "failed");
        assert.deepEqual(await decide(storage, "retry", ["r"]), { changed: ["r"], claimed: [] });
        const retried = { ...before, status: "pending", attemptsBeforeRetry: 1, firstClaimedAt: null };
        assert.deepEqual(await runOf(storage), { ...retried, nextAttemptAt: null });
        assert.equal((await eventOf(storage))?.status, "in_progress");
        const [claimed] = await claim(storage);
        assert.ok(claimed?.run.firstClaimedAt instanceof Date);
        await storage.runs.settle({ results: [resultOf(claimed)] });
        assert.equal((await eventOf(storage))?.status, "processed");
        assert.deepEqual([(await runOf(storage))?.attempts, (await runOf(storage))?.status], [2, "triggered"]);
      },
    ],
  ),
  [
    "decide: an event stays failed until none of its runs is",
    async ({ storage }) => {
      await withRuns(storage, "failed", "dead", "triggered");
      await decide(storage, "retry", ["r"]);
      const [first] = await claim(storage);
      await storage.runs.settle({ results: [resultOf(first)] });
      assert.equal((await eventOf(storage))?.status, "failed");
      await decide(storage, "retry", ["r1"]);
      const [second] = await claim(storage);
      await storage.runs.settle({ results: [resultOf(second, { status: "failed", workflowRunId: null })] });
      assert.equal((await eventOf(storage))?.status, "failed");
      await decide(storage, "drop", ["r1"]);
      assert.equal((await eventOf(storage))?.status, "processed");
    },
  ],
  [
    "decide: what becomes pending is leased to the caller who wants it",
    async ({ storage }) => {
      await withRuns(storage, "failed", "held");
      const retried = await decide(storage, "retry", ["r"], { leaseMs });
      const released = await decide(storage, "release", ["r1"], { leaseMs });
      assert.deepEqual(await claim(storage), []);
      const claimed = [...retried.claimed, ...released.claimed];
      assert.deepEqual(
        claimed.map(({ run }) => [run.idempotencyKey, run.status]),
        [
          ["r", "pending"],
          ["r1", "pending"],
        ],
      );
      assert.deepEqual(await storage.runs.settle({ results: claimed.map((one) => resultOf(one)) }), [true, true]);
      assert.equal((await eventOf(storage))?.status, "processed");
    },
  ],
  [
    "decide: a held run that is released is due, and an identify later finds nothing to wake",
    async ({ storage }) => {
      await withRuns(storage, "held");
      assert.deepEqual((await decide(storage, "release", ["r"])).changed, ["r"]);
      assert.equal((await runOf(storage))?.waitingFor, "grace");
      assert.deepEqual(await storage.runs.wake({ ...scope, userIds: ["grace"], owner: "p", leaseMs }), []);
      assert.equal((await claim(storage)).length, 1);
    },
  ],
  ...[...unfinished, ...failing].map(
    (status): StorageCase => [
      `decide: a ${status} run that is dropped is over, and so is its event`,
      async ({ storage, advance }) => {
        const [claimed] = await withRuns(storage, status);
        assert.deepEqual(await decide(storage, "drop", ["r"], { leaseMs }), { changed: ["r"], claimed: [] });
        assert.equal((await runOf(storage))?.status, "dropped");
        assert.equal((await eventOf(storage))?.status, "processed");
        await advance(leaseMs + 50);
        assert.deepEqual(await claim(storage), []);
        assert.deepEqual((await decide(storage, "retry", ["r"])).changed, []);
        if (claimed !== undefined)
          assert.deepEqual(await storage.runs.settle({ results: [resultOf(claimed)] }), [false]);
      },
    ],
  ),
  [
    "decide: runs in other statuses, of other scopes and unknown ones are passed over",
    async ({ storage }) => {
      const keys = ["r", "r1", "r2", "r3", "r4", "nobody's"];
      await withRuns(storage, ...finished, ...unfinished);
      assert.deepEqual((await decide(storage, "retry", keys)).changed, []);
      assert.deepEqual((await decide(storage, "release", keys.slice(0, 4))).changed, []);
      assert.deepEqual((await decide(storage, "drop", keys, { source: "ios" })).changed, []);
      assert.deepEqual((await decide(storage, "drop", keys, { environment: "development" })).changed, []);
      assert.deepEqual((await decide(storage, "drop", [])).changed, []);
      const changed = await decide(storage, "drop", [...keys, ...keys]);
      assert.deepEqual([...changed.changed].sort(), ["r3", "r4"]);
    },
  ],
];

const raceCases: readonly StorageCase[] = [
  [
    "decide: an attempt that was settled cannot be settled again over a retry",
    async ({ storage }) => {
      const [claimed] = await withRuns(storage, "dead");
      await decide(storage, "retry", ["r"]);
      assert.deepEqual(await storage.runs.settle({ results: [resultOf(claimed, { status: "dead" })] }), [false]);
      assert.equal((await runOf(storage))?.status, "pending");
    },
  ],
  [
    "decide: of eight who retry at once one does, and one claim gets it",
    async ({ storage }) => {
      await withRuns(storage, "failed");
      const retried = await Promise.all(Array.from({ length: 8 }, () => decide(storage, "retry", ["r"], { leaseMs })));
      assert.equal(retried.flatMap(({ changed }) => changed).length, 1);
      assert.equal(retried.flatMap(({ claimed }) => claimed).length, 1);
    },
  ],
  [
    "decide: a drop and a settle at the same time: one of them counts",
    async ({ storage }) => {
      const keys = Array.from({ length: 12 }, (_, index) => `k${index}`);
      const events = keys.map((key) => newEvent(key, { runs: [newRun(key)] }));
      const recorded = await storage.events.record(recordParams(events, { leaseMs: 60_000 }));
      const outcomes = await Promise.all(
        recorded.map(async ({ claimed: [claimed] }, index) => {
          const key = keys[index] ?? "";
          const [settled, dropped] = await Promise.all([
            storage.runs.settle({ results: [resultOf(claimed)] }),
            decide(storage, "drop", [key]),
          ]);
          const event = await eventOf(storage, key);
          return { settled: settled[0], dropped: dropped.changed.length === 1, event };
        }),
      );
      for (const { settled, dropped, event } of outcomes) {
        assert.notEqual(settled, dropped);
        assert.deepEqual([event?.status, event?.runs[0]?.status], ["processed", settled ? "triggered" : "dropped"]);
      }
    },
  ],
  [
    "decide: a retry while another run of the event fails: the event ends failed",
    async ({ storage }) => {
      for (let round = 0; round < 10; round += 1) {
        const keys = [`x${round}`, `y${round}`];
        const event = newEvent(`m${round}`, { runs: keys.map((key) => newRun(key)) });
        const [recorded] = await storage.events.record(recordParams([event], { leaseMs: 60_000 }));
        const [first, second] = recorded?.claimed ?? [];
        const failed = { status: "failed", workflowRunId: null } as const;
        await storage.runs.settle({ results: [resultOf(first, failed)] });
        const [retried] = await Promise.all([
          decide(storage, "retry", keys.slice(0, 1), { leaseMs: 60_000 }),
          storage.runs.settle({ results: [resultOf(second, failed)] }),
        ]);
        await storage.runs.settle({ results: retried.claimed.map((one) => resultOf(one)) });
        assert.equal((await eventOf(storage, `m${round}`))?.status, "failed");
      }
    },
  ],
  ...(["purge", "erase"] as const).map(
    (other): StorageCase => [
      `decide: a retry and a ${other} at the same time: all of the run is there, or nothing`,
      async ({ storage }) => {
        const { environment } = scope;
        for (let round = 0; round < 10; round += 1) {
          const key = `k${round}`;
          const event = newEvent(key, { userId: key, receivedAt: new Date(0), runs: [newRun(key)] });
          const [recorded] = await storage.events.record(recordParams([event], { leaseMs: 60_000 }));
          await storage.runs.settle({ results: [resultOf(recorded?.claimed[0], { status: "dead" })] });
          const [retried] = await Promise.all([
            decide(storage, "retry", [key]),
            other === "erase"
              ? storage.events.erase({ environment, userId: key, at: new Date(0) })
              : storage.events.purge({ payloadsOlderThanMs: 1, eventsOlderThanMs: 10 ** 13, limit: 100 }),
          ]);
          const kept = await eventOf(storage, key);
          if (kept?.payload === null) assert.deepEqual([kept.runs, kept.status === "in_progress"], [[], false]);
          else assert.deepEqual([retried.changed, kept?.status, kept?.runs.length], [[key], "in_progress", 1]);
          const claimed = await claim(storage);
          assert.equal(claimed.length, kept?.runs.length);
          await storage.runs.settle({ results: claimed.map((one) => resultOf(one)) });
        }
      },
    ],
  ),
];

export const decisionCases: readonly StorageCase[] = [...statusCases, ...raceCases];
