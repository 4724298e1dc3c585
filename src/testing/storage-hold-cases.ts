import assert from "node:assert/strict";
import type { RunHold } from "../storage/run-store.js";
import type { Storage } from "../storage/storage.js";
import {
  leaseEndAfterFirstClaim,
  leaseMs,
  newEvent,
  newRun,
  powerOf,
  receivedAt,
  recordParams,
  resultOf,
  type StorageCase,
  scope,
} from "./storage-fixtures.js";

const forMs = 150;
const held = (key: string, hold: Partial<RunHold> = {}) =>
  newRun(key, { hold: { userId: "grace", forMs, onExpiry: "skip", ...hold } });
const eventOf = (storage: Storage, messageId = "a") => storage.events.get({ ...scope, messageId });
const keysOf = (claimed: readonly { readonly run: { readonly idempotencyKey: string } }[]) =>
  claimed.map(({ run }) => run.idempotencyKey).sort();
const wake = (storage: Storage, userIds: readonly string[], lease: number | null = leaseMs) =>
  storage.runs.wake({ ...scope, userIds, owner: "process-2", leaseMs: lease });
const claim = (storage: Storage) => storage.runs.claim({ ...scope, owner: "process-3", leaseMs, limit: 100 });
const expired = (storage: Storage) => storage.runs.expired({ ...scope, limit: 100 });

const wakeCases: readonly StorageCase[] = [
  [
    "hold: a held run is neither leased nor claimed, and its event is in progress",
    async ({ storage }) => {
      const [recorded] = await storage.events.record(
        recordParams([newEvent("a", { runs: [newRun("known"), held("waits")] })]),
      );
      assert.deepEqual(keysOf(recorded?.claimed ?? []), ["known"]);
      await storage.runs.settle({ results: [resultOf(recorded?.claimed[0])] });
      assert.deepEqual(await claim(storage), []);
      const event = await eventOf(storage);
      assert.equal(event?.status, "in_progress");
      const [, waiting] = event?.runs ?? [];
      assert.deepEqual([waiting?.status, waiting?.waitingFor], ["held", "grace"]);
      assert.ok(waiting?.heldUntil instanceof Date);
    },
  ],
  [
    "hold: a second delivery of an event that only waits is told that it is finished",
    async ({ storage }) => {
      const event = newEvent("a", { runs: [held("waits")] });
      await storage.events.record(recordParams([event]));
      const [again] = await storage.events.record(recordParams([event]));
      assert.deepEqual([again?.status, again?.claimed], ["finished", []]);
      assert.equal(again?.stored?.runs[0]?.status, "held");
    },
  ],
  [
    "wake: hands the runs of the users to the caller, leased, and nobody else's",
    async ({ storage }) => {
      const runs = [held("g1"), held("g2"), held("b", { userId: "bob" })];
      await storage.events.record(recordParams([newEvent("a", { runs })]));
      const woken = await wake(storage, ["grace", "nobody"]);
      assert.deepEqual(keysOf(woken), ["g1", "g2"]);
      assert.deepEqual(woken.map(leaseEndAfterFirstClaim), [leaseMs, leaseMs]);
      assert.deepEqual(await claim(storage), []);
      assert.deepEqual(await wake(storage, ["grace"]), []);
      await storage.runs.settle({ results: woken.map((run) => resultOf(run)) });
      assert.equal((await eventOf(storage))?.status, "in_progress");
      await storage.runs.settle({ results: (await wake(storage, ["bob"])).map((run) => resultOf(run)) });
      assert.equal((await eventOf(storage))?.status, "processed");
    },
  ],
  [
    "wake: without a lease the runs are there for whoever claims next",
    async ({ storage }) => {
      await storage.events.record(recordParams([newEvent("a", { runs: [held("g")] })]));
      assert.deepEqual(await wake(storage, ["grace"], null), []);
      assert.deepEqual(keysOf(await claim(storage)), ["g"]);
    },
  ],
  [
    "wake: a run recorded without a lease can be woken with one",
    async ({ storage }) => {
      await storage.events.record(recordParams([newEvent("a", { runs: [held("g")] })], { leaseMs: null }));
      assert.deepEqual(keysOf(await wake(storage, ["grace"])), ["g"]);
    },
  ],
  [
    "wake: runs of another source become pending there, of another environment stay held",
    async ({ storage }) => {
      await storage.events.record(recordParams([newEvent("a", { runs: [held("ios")] })], { source: "ios" }));
      await storage.events.record(
        recordParams([newEvent("a", { runs: [held("dev")] })], { environment: "development" }),
      );
      assert.deepEqual(await wake(storage, ["grace"]), []);
      const params = { owner: "process-3", leaseMs, limit: 10 };
      assert.deepEqual(keysOf(await storage.runs.claim({ ...scope, ...params, source: "ios" })), ["ios"]);
      assert.deepEqual(await storage.runs.claim({ ...scope, ...params, environment: "development" }), []);
    },
  ],
  [
    "wake: of concurrent calls one gets each run",
    async ({ storage }) => {
      const runs = Array.from({ length: 20 }, (_, index) => held(`g${index}`));
      await storage.events.record(recordParams([newEvent("a", { runs })]));
      const woken = await Promise.all([1, 2, 3, 4].map(() => wake(storage, ["grace"])));
      assert.deepEqual(keysOf(woken.flat()), runs.map((run) => run.idempotencyKey).sort());
    },
  ],
  [
    "wake: a woken run whose lease ran out is claimed like any other",
    async ({ storage, advance }) => {
      await storage.events.record(recordParams([newEvent("a", { runs: [held("g")] })]));
      const [woken] = await wake(storage, ["grace"]);
      await advance(leaseMs + 50);
      const [claimed] = await claim(storage);
      assert.equal(claimed?.run.idempotencyKey, "g");
      assert.deepEqual(await storage.runs.settle({ results: [resultOf(woken)] }), [false]);
    },
  ],
];

const expiryCases: readonly StorageCase[] = [
  [
    "expired: tells of users whose time is over, longest first, and what is to become of their runs",
    async ({ storage, advance }) => {
      const runs = [
        held("g"),
        held("b", { userId: "bob", forMs: forMs - 60, onExpiry: "create" }),
        held("c", { userId: "cleo", forMs: forMs - 30 }),
        held("l", { userId: "late", forMs: 60_000 }),
      ];
      await storage.events.record(recordParams([newEvent("a", { runs })]));
      assert.deepEqual(await expired(storage), []);
      await advance(forMs + 50);
      assert.deepEqual(
        (await expired(storage)).map(({ userId, onExpiry }) => [userId, onExpiry]),
        [
          ["bob", "create"],
          ["cleo", "skip"],
          ["grace", "skip"],
        ],
      );
      const [first, ...others] = await storage.runs.expired({ ...scope, limit: 1 });
      assert.deepEqual([first?.userId, others], ["bob", []]);
    },
  ],
  [
    "skip: ends the runs whose time is over, and with the last of them the event",
    async ({ storage, advance }) => {
      await storage.events.record(
        recordParams([newEvent("a", { runs: [held("g"), held("later", { forMs: 60_000 })] })]),
      );
      const skip = () => storage.runs.skip({ ...scope, userIds: ["grace"] });
      assert.equal(await skip(), 0);
      await advance(forMs + 50);
      assert.equal(await skip(), 1);
      assert.equal(await skip(), 0);
      assert.deepEqual(
        (await eventOf(storage))?.runs.map((run) => run.status),
        ["skipped", "held"],
      );
      assert.equal((await eventOf(storage))?.status, "in_progress");
      const woken = await wake(storage, ["grace"]);
      assert.deepEqual(keysOf(woken), ["later"]);
      await storage.runs.settle({ results: woken.map((run) => resultOf(run)) });
      assert.equal((await eventOf(storage))?.status, "processed");
    },
  ],
  [
    "skip: an event that only waited is processed by it",
    async ({ storage, advance }) => {
      await storage.events.record(recordParams([newEvent("a", { runs: [held("g")] })]));
      await advance(forMs + 50);
      await storage.runs.skip({ ...scope, userIds: ["grace"] });
      assert.equal((await eventOf(storage))?.status, "processed");
      assert.deepEqual(await wake(storage, ["grace"]), []);
    },
  ],
  [
    "purge: an event with a held run stays whole",
    async ({ storage }) => {
      await storage.events.record(recordParams([newEvent("a", { runs: [held("g")], receivedAt: new Date(0) })]));
      assert.deepEqual(await storage.events.purge({ payloadsOlderThanMs: 1, eventsOlderThanMs: 1, limit: 10 }), {
        payloads: 0,
        events: 0,
      });
    },
  ],
  [
    "erase: takes out runs of other people's events that wait or waited for the user, and what names them there",
    async ({ storage }) => {
      const runs = [newRun("known"), held("g"), held("b", { userId: "bob" })];
      const decision = { detail: { message: "mentions grace" }, triggers: [] };
      const payload = { mentioned: ["grace", "bob"] };
      const [recorded] = await storage.events.record(recordParams([newEvent("a", { runs, decision, payload })]));
      assert.equal(await storage.events.erase({ environment: scope.environment, userId: "grace", at: receivedAt }), 1);
      const event = await eventOf(storage);
      assert.deepEqual(keysOfRuns(event), ["b", "known"]);
      assert.doesNotMatch(JSON.stringify(event), /grace/);
      assert.deepEqual(await wake(storage, ["grace"]), []);
      await storage.runs.settle({ results: [resultOf(recorded?.claimed[0])] });
      await storage.runs.settle({ results: (await wake(storage, ["bob"])).map((run) => resultOf(run)) });
      assert.equal((await eventOf(storage))?.status, "processed");
    },
  ],
  [
    "erase: an event that only waited for the user is finished by it",
    async ({ storage }) => {
      await storage.events.record(recordParams([newEvent("a", { runs: [held("g")] })]));
      await storage.events.erase({ environment: scope.environment, userId: "grace", at: receivedAt });
      assert.equal((await eventOf(storage))?.status, "processed");
      assert.equal((await storage.events.record(recordParams([newEvent("a")])))[0]?.status, "finished");
    },
  ],
  [
    "erase: an event of the user's own that waited for them counts once",
    async ({ storage }) => {
      await storage.events.record(recordParams([newEvent("a", { userId: "grace", runs: [held("g")] })]));
      assert.equal(await storage.events.erase({ environment: scope.environment, userId: "grace", at: receivedAt }), 1);
      assert.deepEqual((await eventOf(storage))?.runs, []);
    },
  ],
];

function keysOfRuns(event: Awaited<ReturnType<typeof eventOf>>): readonly string[] {
  return (event?.runs ?? []).map((run) => run.idempotencyKey).sort();
}

export const holdCases: readonly StorageCase[] = [...wakeCases, ...expiryCases];

/** For storages whose users can be merged. */
export const mergedHoldCases: readonly StorageCase[] = [
  [
    "wake: runs that wait for an id that was merged since, by the id that the user has now",
    async ({ storage }) => {
      await storage.events.record(recordParams([newEvent("a", { runs: [held("g")] })]));
      await powerOf(storage.users, "merge")({ environment: scope.environment, from: "grace", into: "hopper" });
      assert.deepEqual(keysOf(await wake(storage, ["hopper"])), ["g"]);
    },
  ],
];
