import assert from "node:assert/strict";
import type { Storage } from "../storage/storage.js";
import { environment, newEvent, newRun, recordParams, type StorageCase, scope } from "./storage-fixtures.js";

const happened = new Date("2026-03-01T11:59:00.000Z");
const before = new Date(happened.getTime() - 1);
const erase = (storage: Storage, userId: string, at = happened) => storage.events.erase({ environment, userId, at });
export const deletionCases: readonly StorageCase[] = [
  [
    "record: refuses what names somebody deleted since it happened, and says whom; nothing of it is kept",
    async ({ storage }) => {
      await erase(storage, "ada");
      const events = [
        newEvent("a", { names: ["ada", "grace"], runs: [newRun("ra")] }),
        newEvent("b", { userId: "grace", names: ["grace"] }),
      ];
      const [refused, taken] = await storage.events.record(recordParams(events));
      assert.deepEqual(refused, { status: "refused", claimed: [], stored: null, deleted: ["ada"] });
      assert.equal(taken?.status, "new");
      assert.equal(await storage.events.get({ ...scope, messageId: "a" }), null);
      assert.deepEqual((await storage.runs.list({ environment, limit: 10 })).items, []);
    },
  ],
  [
    "record: takes what happened after the deletion, in another environment, and names nobody who was deleted",
    async ({ storage }) => {
      await erase(storage, "ada", before);
      const named = newEvent("a", { names: ["ada"] });
      const [later] = await storage.events.record(recordParams([named]));
      await erase(storage, "ada");
      const [elsewhere] = await storage.events.record(recordParams([named], { environment: "development" }));
      const [unnamed] = await storage.events.record(recordParams([newEvent("b", { userId: null })]));
      assert.deepEqual([later?.status, elsewhere?.status, unnamed?.status], ["new", "new", "new"]);
    },
  ],
  [
    "record: an event that was erased is a duplicate, and not refused",
    async ({ storage }) => {
      const event = newEvent("a", { names: ["ada"] });
      await storage.events.record(recordParams([event]));
      await erase(storage, "ada");
      assert.equal((await storage.events.record(recordParams([event])))[0]?.status, "finished");
    },
  ],
  [
    "record: a user whom the users store deleted is refused too",
    async ({ storage }) => {
      await storage.users.delete({ environment, id: "ada", at: happened });
      const [refused] = await storage.events.record(recordParams([newEvent("a", { names: ["ada"] })]));
      assert.equal(refused?.status, "refused");
    },
  ],
  [
    "record and erase at the same time: whichever comes first, nothing of the user is kept",
    async ({ storage }) => {
      for (let round = 0; round < 10; round += 1) {
        const userId = `user-${round}`;
        const ids = Array.from({ length: 8 }, (_, index) => `m-${round}-${index}`);
        const record = async (id: string) =>
          storage.events.record(recordParams([newEvent(id, { userId, names: [userId], runs: [newRun(`r-${id}`)] })]));
        const racing = ids.map((id, index) => (index === 4 ? erase(storage, userId) : record(id)));
        await Promise.all(racing);
        const kept = await storage.events.list({ environment, userId, limit: 100 });
        assert.deepEqual(kept.items, []);
      }
      assert.deepEqual((await storage.runs.list({ environment, limit: 100 })).items, []);
    },
  ],
  [
    "update and delete at the same time: whichever comes first, the user does not stay",
    async ({ storage }) => {
      const { users } = storage;
      for (let round = 0; round < 10; round += 1) {
        const id = `user-${round}`;
        const update = (index: number) =>
          users.update({
            environment,
            changes: [
              { id, at: before, attributes: { properties: { [`key${index}`]: 1 } }, anonymousId: `device-${id}` },
            ],
          });
        await Promise.all([
          update(1),
          update(2),
          users.delete({ environment, id, at: happened }),
          update(3),
          update(4),
        ]);
        assert.deepEqual(await users.find({ environment, ids: [id] }), []);
      }
    },
  ],
  [
    "erase: an anonymous id's events are those without a user",
    async ({ storage }) => {
      await storage.events.record(
        recordParams([
          newEvent("a", { userId: null, anonymousId: "phone" }),
          newEvent("b", { userId: "grace", anonymousId: "phone" }),
        ]),
      );
      assert.equal(await erase(storage, "phone"), 1);
      const erased = await storage.events.get({ ...scope, messageId: "a" });
      assert.deepEqual([erased?.anonymousId, erased?.payload], [null, null]);
      assert.equal((await storage.events.get({ ...scope, messageId: "b" }))?.anonymousId, "phone");
    },
  ],
  [
    "erase: leaves events that happened and came later, and runs of such events that wait for the user",
    async ({ storage }) => {
      const [early, late] = [new Date(happened.getTime() - 60_000), new Date(happened.getTime() + 60_000)];
      const hold = { userId: "ada", forMs: 60_000, onExpiry: "skip" } as const;
      const ofOthers = (key: string) => ({ userId: "grace", runs: [newRun(key, { hold })] });
      await storage.events.record(
        recordParams([
          newEvent("theirs", { userId: "ada", occurredAt: late, receivedAt: late }),
          newEvent("waits", { ...ofOthers("waits"), occurredAt: late, receivedAt: late }),
          newEvent("late clock", { userId: "ada", occurredAt: early, receivedAt: late }),
          newEvent("early clock", { userId: "ada", occurredAt: late, receivedAt: early }),
          newEvent("waited", { ...ofOthers("waited"), occurredAt: early, receivedAt: early }),
        ]),
      );
      assert.equal(await erase(storage, "ada"), 3);
      const get = (messageId: string) => storage.events.get({ ...scope, messageId });
      assert.equal((await get("theirs"))?.userId, "ada");
      assert.equal((await get("waits"))?.runs.length, 1);
      assert.equal((await get("late clock"))?.userId, null);
      assert.equal((await get("waited"))?.runs.length, 0);
    },
  ],
];
