import assert from "node:assert/strict";
import type { ClaimedRun, ExpandedMembers, ExpandResult, NewRun } from "../storage/run-store.js";
import type { Storage } from "../storage/storage.js";
import type { MembershipChange } from "../users/group.js";
import {
  environment,
  leaseEndAfterFirstClaim,
  leaseMs,
  newEvent,
  newRun,
  recordParams,
  resultOf,
  type StorageCase,
  scope,
  second,
  withinLeaseMs,
} from "./storage-fixtures.js";

const event = newEvent("a", { runs: [newRun("all", { action: "expand" })] });
const nobody: ExpandedMembers = { groupIds: [], userIds: [] };
const expandFor = (
  storage: Storage,
  claimed: ClaimedRun | undefined,
  {
    runs,
    progress,
    members,
    request = claimed?.run.request ?? "",
  }: { runs: readonly NewRun[]; progress: string; members: ExpandedMembers; request?: string },
): Promise<ExpandResult> =>
  storage.runs.expand({
    idempotencyKey: claimed?.run.idempotencyKey ?? "",
    fence: claimed?.fence ?? -1,
    request,
    progress,
    runs,
    members,
    owner: "process-1",
    leaseMs,
  });
/** The runs that it leased, of members whom no case is about. */
const expand = async (
  storage: Storage,
  parent: ClaimedRun | undefined,
  runs: readonly NewRun[],
  progress = "1",
): Promise<readonly ClaimedRun[] | null> => {
  const expanded = await expandFor(storage, parent, { runs, progress, members: nobody });
  assert.notEqual(expanded.status, "members_left");
  return expanded.status === "expanded" ? expanded.claimed : null;
};
const begin = async (storage: Storage) => (await storage.events.record(recordParams([event])))[0]?.claimed[0];
const claim = (storage: Storage) => storage.runs.claim({ ...scope, owner: "process-2", leaseMs, limit: 100 });
const eventOf = (storage: Storage) => storage.events.get({ ...scope, messageId: "a" });
const keysOf = (claimed: readonly ClaimedRun[] | null) => (claimed ?? []).map(({ run }) => run.idempotencyKey).sort();

const word = (groupId: string, userId: string, seconds: number, isMember = true): MembershipChange => ({
  groupId,
  userId,
  isMember,
  at: second(seconds),
});
const say = ({ groups }: Storage, ...memberships: readonly MembershipChange[]) =>
  groups.update({ environment, changes: [], memberships });

/** What takes a membership away: a run made for the member is not written after it. */
const takingAway: readonly (readonly [string, (storage: Storage) => Promise<unknown>])[] = [
  ["who left", (storage) => say(storage, word("acme", "ada", 2, false))],
  ["who was erased", ({ groups }) => groups.eraseMember({ environment, userId: "ada" })],
  ["who was merged", ({ groups }) => groups.moveMember({ environment, from: "ada", into: "grace" })],
  ["whose group was deleted", ({ groups }) => groups.delete({ environment, id: "acme", at: new Date() })],
];

const of = (groupIds: readonly string[], ...userIds: readonly string[]): ExpandedMembers => ({ groupIds, userIds });
const runKeys = async (storage: Storage) =>
  (await storage.runs.list({ environment, limit: 10 })).items.map(({ idempotencyKey }) => idempotencyKey).sort();

export const expandCases: readonly StorageCase[] = [
  [
    "expand: the runs are leased to the caller, know who made them, and the event waits for every one",
    async ({ storage }) => {
      const parent = await begin(storage);
      const made = await expand(storage, parent, [newRun("m1"), newRun("m2")]);
      assert.deepEqual(keysOf(made), ["m1", "m2"]);
      assert.deepEqual([...new Set(made?.map(({ run }) => run.parent))], ["all"]);
      assert.deepEqual(made?.[0]?.run.messageId, "a");
      assert.deepEqual(made?.map(leaseEndAfterFirstClaim), [leaseMs, leaseMs]);
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
      await advance(withinLeaseMs);
      await expand(storage, parent, []);
      await advance(withinLeaseMs);
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
  ...takingAway.map(
    ([who, takeAway]): StorageCase => [
      `expand: writes nothing for a member ${who}, and goes on for the others under the same lease`,
      async ({ storage, advance }) => {
        await say(storage, word("acme", "ada", 1), word("acme", "bob", 1), word("labs", "bob", 1));
        const parent = await begin(storage);
        await takeAway(storage);
        await advance(withinLeaseMs);
        const [groupIds, progress] = [["acme", "labs"], "written"];
        const gone = { runs: [newRun("m1"), newRun("m2")], progress, members: of(groupIds, "ada", "bob") };
        assert.deepEqual(await expandFor(storage, parent, gone), { status: "members_left" });
        assert.deepEqual(await runKeys(storage), ["all"]);
        assert.equal((await eventOf(storage))?.runs[0]?.progress, null);
        const left = { runs: [newRun("m2")], progress, members: of(groupIds, "bob") };
        const expanded = await expandFor(storage, parent, left);
        assert.deepEqual(expanded.status === "expanded" && keysOf(expanded.claimed), ["m2"]);
        assert.deepEqual(await storage.runs.settle({ results: [resultOf(parent)] }), [true]);
      },
    ],
  ),
  [
    "expand: does not prolong the lease where members left",
    async ({ storage, advance }) => {
      const parent = await begin(storage);
      await advance(withinLeaseMs);
      const gone = { runs: [newRun("m1")], progress: "1", members: of(["acme"], "ada") };
      assert.deepEqual(await expandFor(storage, parent, gone), { status: "members_left" });
      await advance(leaseMs - withinLeaseMs + 50);
      assert.deepEqual(keysOf(await claim(storage)), ["all"]);
      assert.deepEqual(await expandFor(storage, parent, gone), { status: "lease_lost" });
    },
  ],
  [
    "expand: writes nothing once somebody was taken out of the run's request, and goes on with what is left of it",
    async ({ storage, advance }) => {
      const request = JSON.stringify({ action: "expand", recipients: [], actor: "ada", data: {} });
      const asking = newEvent("a", { runs: [newRun("all", { action: "expand", request })] });
      const parent = (await storage.events.record(recordParams([asking])))[0]?.claimed[0];
      const made = { runs: [newRun("m1", { request })], progress: "1", members: nobody };
      assert.equal(
        (await storage.events.eraseMentions({ environment, userIds: ["ada"], at: new Date(), limit: 10 })).erased,
        1,
      );
      assert.deepEqual(await expandFor(storage, parent, { ...made, request }), { status: "request_changed" });
      assert.deepEqual(await runKeys(storage), ["all"]);
      await advance(leaseMs + 50);
      const [again] = await claim(storage);
      assert.equal(again?.run.request.includes("ada"), false);
      assert.equal((await expandFor(storage, again, { ...made, runs: [newRun("m1")] })).status, "expanded");
    },
  ],
  [
    "expand: one of the groups is enough, of this environment, whatever the ids are",
    async ({ storage }) => {
      const odd = ["x\u0000", "\ud800", "a'b\"c\\", "{1,NULL}", ""];
      await say(storage, word("acme", "ada", 1), word("labs", "ada", 1, false), word("labs", "bob", 1));
      await say(storage, ...odd.map((id) => word("labs\u0000", id, 1)));
      await storage.groups.update({
        environment: "development",
        changes: [],
        memberships: [word("acme", "dan", 1)],
      });
      const parent = await begin(storage);
      const asked = async (key: string, members: ExpandedMembers) =>
        (await expandFor(storage, parent, { runs: [newRun(key)], progress: key, members })).status;
      assert.equal(await asked("m1", of(["acme", "labs", "none"], "ada", "bob", "ada")), "expanded");
      assert.equal(await asked("m2", of(["labs"], "ada")), "members_left");
      assert.equal(await asked("m3", of(["acme"], "dan")), "members_left");
      assert.equal(await asked("m4", of([], "ada")), "members_left");
      assert.equal(await asked("m5", of(["acme", "labs\u0000"], ...odd)), "expanded");
      assert.deepEqual(await runKeys(storage), ["all", "m1", "m5"]);
    },
  ],
];
