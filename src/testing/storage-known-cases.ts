import assert from "node:assert/strict";
import type { Storage } from "../storage/storage.js";
import type { UserChange } from "../users/user.js";
import {
  environment,
  eventWithRun,
  newEvent,
  newRun,
  recordParams,
  type StorageCase,
  scope,
} from "./storage-fixtures.js";

const at = new Date("2026-03-01T11:58:00.000Z");
const identify = ({ users }: Storage, ...ids: readonly string[]) =>
  users.update({ environment, changes: ids.map((id): UserChange => ({ id, at, attributes: {} })) });

/** A storage without the capability is handed no assumption, and has nothing to be checked for. */
function ofCapable([name, check]: StorageCase): StorageCase {
  return [
    name,
    async (underTest) => {
      const { events, users } = underTest.storage;
      if (events.checksKnownIn === users) await check(underTest);
    },
  ];
}

const cases: readonly StorageCase[] = [
  [
    "record: what assumes somebody to be known who is not is refused, and nothing of it is kept; the rest of the call is recorded",
    async ({ storage }) => {
      await identify(storage, "ada", "grace");
      const events = [
        newEvent("a", { assumesKnown: ["ada", "grace"], runs: [newRun("ra")] }),
        newEvent("b", { assumesKnown: ["nobody", "ada", "no one"], names: ["nobody"], runs: [newRun("rb")] }),
        newEvent("c", { names: ["nobody"], runs: [newRun("rc")] }),
      ];
      const [known, refused, assumesNothing] = await storage.events.record(recordParams(events));
      assert.deepEqual([known?.status, assumesNothing?.status], ["new", "new"]);
      const unknown = ["nobody", "no one"];
      assert.deepEqual(refused, { status: "refused", claimed: [], stored: null, deleted: [], unknown });
      assert.equal(await storage.events.get({ ...scope, messageId: "b" }), null);
      const { items } = await storage.runs.list({ environment, limit: 10 });
      assert.deepEqual(items.map((run) => run.idempotencyKey).sort(), ["ra", "rc"]);
      const names = await storage.events.names({ environment });
      assert.deepEqual(
        names.map((name) => name.count),
        [2],
      );
      const [again] = await storage.events.record(recordParams([newEvent("b", { runs: [newRun("rb")] })]));
      assert.deepEqual([again?.status, again?.claimed.length], ["new", 1]);
    },
  ],
  [
    "record: who goes by another id now is not known by that one",
    async ({ storage }) => {
      if (storage.users.merge === undefined) return;
      await identify(storage, "ada", "phone");
      await storage.users.merge({ environment, from: "phone", into: "ada" });
      await storage.users.merge({ environment, from: "never said", into: "ada" });
      const assumesKnown = ["ada", "phone", "never said"];
      const [refused, taken] = await storage.events.record(
        recordParams([newEvent("a", { assumesKnown }), newEvent("b", { assumesKnown: ["ada"] })]),
      );
      assert.deepEqual([refused?.status, refused?.unknown], ["refused", ["phone", "never said"]]);
      assert.equal(taken?.status, "new");
    },
  ],
  [
    "record: known elsewhere is not known here",
    async ({ storage }) => {
      await identify(storage, "ada");
      const event = newEvent("a", { assumesKnown: ["ada"] });
      const [refused] = await storage.events.record(recordParams([event], { environment: "development" }));
      assert.deepEqual([refused?.status, refused?.unknown], ["refused", ["ada"]]);
    },
  ],
  [
    "record: who was deleted and who is not known are told together",
    async ({ storage }) => {
      await identify(storage, "ada", "grace");
      await storage.users.delete({ environment, id: "ada", at: new Date("2026-03-01T12:00:00.000Z") });
      const mentioned = { names: ["ada", "grace"], assumesKnown: ["ada", "grace"] };
      const [refused] = await storage.events.record(recordParams([newEvent("a", mentioned)]));
      assert.deepEqual([refused?.status, refused?.deleted, refused?.unknown], ["refused", ["ada"], ["ada"]]);
    },
  ],
  [
    "record: what was recorded before is told as ever, whatever it assumes",
    async ({ storage }) => {
      const assumesKnown = ["nobody"];
      await storage.events.record(recordParams([eventWithRun("leased"), newEvent("finished")], { leaseMs: 60_000 }));
      await storage.events.record(recordParams([eventWithRun("free")], { leaseMs: null }));
      const again = ["finished", "leased", "free"].map((messageId) => newEvent(messageId, { assumesKnown }));
      const told = await storage.events.record(recordParams(again));
      assert.deepEqual(
        told.map(({ status }) => status),
        ["finished", "leased", "unfinished"],
      );
      assert.deepEqual(
        told.map(({ claimed }) => claimed.map(({ run }) => run.idempotencyKey)),
        [[], [], ["run_free"]],
      );
    },
  ],
  [
    "record: ids of any characters are known by",
    async ({ storage }) => {
      const ids = ['quo"te', "back\\slash", "{a,b}", "NULL", "", "naïve ✓", "nul\u0000", "lone \ud800"];
      await identify(storage, ...ids);
      const absent = ids.map((id) => `${id}?`);
      const [taken, refused] = await storage.events.record(
        recordParams([newEvent("a", { assumesKnown: ids }), newEvent("b", { assumesKnown: [...ids, ...absent] })]),
      );
      assert.equal(taken?.status, "new");
      assert.deepEqual(refused?.unknown, absent);
    },
  ],
  [
    "record and merge at the same time: no event is lost, and who was merged before it is refused",
    async ({ storage }) => {
      if (storage.users.merge === undefined) return;
      for (let round = 0; round < 10; round += 1) {
        const [from, into] = [`phone-${round}`, `user-${round}`];
        await identify(storage, from, into);
        const record = async (index: number) => {
          const event = newEvent(`m-${round}-${index}`, { assumesKnown: [from] });
          return (await storage.events.record(recordParams([event])))[0]?.status;
        };
        const racing = [record(0), storage.users.merge({ environment, from, into }), record(1)] as const;
        const [first, , second] = await Promise.all(racing);
        for (const status of [first, second]) assert.ok(status === "new" || status === "refused");
        assert.equal(await record(2), "refused");
      }
    },
  ],
];

export const knownCases: readonly StorageCase[] = cases.map(ofCapable);
