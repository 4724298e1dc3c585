import assert from "node:assert/strict";
import type { ClaimedRun, NewRun } from "../storage/run-store.js";
import type { Storage } from "../storage/storage.js";
import { leaseMs, newEvent, newRun, recordParams, resultOf, type StorageCase, scope } from "./storage-fixtures.js";

const event = newEvent("a", { runs: [newRun("all", { action: "expand" })] });
const expand = (storage: Storage, claimed: ClaimedRun | undefined, runs: readonly NewRun[], progress = "1") =>
  storage.runs.expand({
    idempotencyKey: claimed?.run.idempotencyKey ?? "",
    fence: claimed?.fence ?? -1,
    progress,
    runs,
    owner: "process-1",
    leaseMs,
  });
const begin = async (storage: Storage) => (await storage.events.record(recordParams([event])))[0]?.claimed[0];
const claim = (storage: Storage) => storage.runs.claim({ ...scope, owner: "process-2", leaseMs, limit: 100 });
const eventOf = (storage: Storage) => storage.events.get({ ...scope, messageId: "a" });
const keysOf = (claimed: readonly ClaimedRun[] | null) => (claimed ?? []).map(({ run }) => run.idempotencyKey).sort();

export const expandCases: readonly StorageCase[] = [
  [
    "expand: the runs are leased to the caller, know who made them, and the event waits for every one",
    async ({ storage }) => {
      const parent = await begin(storage);
      const made = await expand(storage, parent, [newRun("m1"), newRun("m2")]);
      assert.deepEqual(keysOf(made), ["m1", "m2"]);
      assert.deepEqual([...new Set(made?.map(({ run }) => run.parent))], ["all"]);
      assert.deepEqual(made?.[0]?.run.messageId, "a");
      assert.deepEqual(await claim(storage), []);
      await storage.runs.settle({ results: [resultOf(parent), resultOf(made?.[0])] });
      assert.equal((await eventOf(storage))?.status, "in_progress");
      await storage.runs.settle({ results: [resultOf(made?.[1], { status: "failed", error: "no" })] });
      assert.equal((await eventOf(storage))?.status, "failed");
    },
  ],
  [
    "expand: the event lists what was recorded with it, with the progress; the runs made are listed with runs",
    async ({ storage }) => {
      const parent = await begin(storage);
      await expand(storage, parent, [newRun("m1")], "half");
      const runs = (await eventOf(storage))?.runs ?? [];
      assert.deepEqual(
        runs.map(({ idempotencyKey, progress, parent: by }) => [idempotencyKey, progress, by]),
        [["all", "half", null]],
      );
      const listed = await storage.runs.list({ environment: scope.environment, limit: 10 });
      assert.deepEqual(listed.items.map(({ idempotencyKey }) => idempotencyKey).sort(), ["all", "m1"]);
    },
  ],
  [
    "expand: killed half-way, the next claim goes on where it was; an older fence adds nothing",
    async ({ storage, advance }) => {
      const parent = await begin(storage);
      await expand(storage, parent, [newRun("m1")], "after m1");
      await advance(leaseMs + 50);
      const again = await claim(storage);
      assert.deepEqual(keysOf(again), ["all", "m1"]);
      const resumed = again.find(({ run }) => run.idempotencyKey === "all");
      assert.equal(resumed?.run.progress, "after m1");
      assert.equal(await expand(storage, parent, [newRun("m2")]), null);
      assert.deepEqual(keysOf(await expand(storage, resumed, [newRun("m2")], "after m2")), ["m2"]);
      const listed = await storage.runs.list({ environment: scope.environment, limit: 10 });
      assert.equal(listed.items.length, 3);
    },
  ],
  [
    "expand: prolongs the lease of the run, and a run that is settled makes none",
    async ({ storage, advance }) => {
      const parent = await begin(storage);
      await advance(leaseMs - 70);
      await expand(storage, parent, []);
      await advance(leaseMs - 70);
      assert.deepEqual(await claim(storage), []);
      await storage.runs.settle({ results: [resultOf(parent)] });
      assert.equal(await expand(storage, parent, [newRun("m1")]), null);
    },
  ],
  [
    "expand: a run that is held waits like any other",
    async ({ storage }) => {
      const parent = await begin(storage);
      const hold = { userId: "grace", forMs: 60_000, onExpiry: "skip" } as const;
      assert.deepEqual(await expand(storage, parent, [newRun("held", { hold })]), []);
      await storage.runs.settle({ results: [resultOf(parent)] });
      assert.equal((await eventOf(storage))?.status, "in_progress");
      const woken = await storage.runs.wake({ ...scope, userIds: ["grace"], owner: "process-1", leaseMs });
      assert.deepEqual(keysOf(woken), ["held"]);
      await storage.runs.settle({ results: [resultOf(woken[0])] });
      assert.equal((await eventOf(storage))?.status, "processed");
    },
  ],
  [
    "expand: a second delivery is handed the run, and none of those it made",
    async ({ storage, advance }) => {
      const parent = await begin(storage);
      await expand(storage, parent, [newRun("m1")]);
      await advance(leaseMs + 50);
      const [again] = await storage.events.record(recordParams([event]));
      assert.deepEqual([again?.status, keysOf(again?.claimed ?? [])], ["unfinished", ["all"]]);
      await storage.runs.settle({ results: [resultOf(again?.claimed[0])] });
      assert.equal((await storage.events.record(recordParams([event])))[0]?.status, "finished");
      assert.deepEqual(keysOf(await claim(storage)), ["m1"]);
    },
  ],
  [
    "expand: an event with runs that are open stays whole, and goes with all of them",
    async ({ storage }) => {
      const old = { ...event, receivedAt: new Date(0) };
      const parent = (await storage.events.record(recordParams([old])))[0]?.claimed[0];
      const made = await expand(storage, parent, [newRun("m1")]);
      await storage.runs.settle({ results: [resultOf(parent)] });
      const purge = () => storage.events.purge({ payloadsOlderThanMs: 1, eventsOlderThanMs: 1, limit: 10 });
      assert.equal((await purge()).events, 0);
      await storage.runs.settle({ results: [resultOf(made?.[0])] });
      assert.equal((await purge()).events, 1);
      assert.deepEqual((await storage.runs.list({ environment: scope.environment, limit: 10 })).items, []);
    },
  ],
];
