import assert from "node:assert/strict";
import { environment, powerOf, second, type UserCase, type UsersUnderTest } from "./storage-fixtures.js";
import { change, find, known, statuses, update } from "./storage-user-fixtures.js";

const merge = ({ users }: UsersUnderTest["storage"]) => powerOf(users, "merge");

/** For stores that can merge. */
export const mergeCases: readonly UserCase[] = [
  [
    "merge: by the law of update, and the one merged is gone",
    async ({ storage }) => {
      await update(storage, change(1, { email: "old@example.com", properties: { plan: "free" } }));
      await update(storage, change(2, { email: "new@example.com", properties: { seats: 3 } }, "anon"));
      await merge(storage)({ environment, from: "anon", into: "ada" });
      const user = await find(storage);
      assert.deepEqual([user?.email, user?.properties], ["new@example.com", { plan: "free", seats: 3 }]);
      assert.equal((await find(storage, "anon"))?.id, "ada");
      assert.deepEqual([...(await known(storage)({ environment, ids: ["anon"] }))], [["anon", "ada"]]);
      assert.equal((await storage.users.find({ environment, ids: ["anon", "ada"] })).length, 1);
    },
  ],
  [
    "merge: what is said of the merged id, before or after, counts for the one user, in any order",
    async ({ storage }) => {
      await merge(storage)({ environment, from: "anon", into: "ada" });
      assert.equal((await known(storage)({ environment, ids: ["anon", "ada"] })).size, 0);
      assert.deepEqual(await update(storage, change(3, { name: "Late" }, "anon")), [{ id: "ada", status: "created" }]);
      await update(storage, change(1, { name: "Early", email: "a@example.com" }));
      assert.deepEqual([(await find(storage))?.name, (await find(storage))?.email], ["Late", "a@example.com"]);
    },
  ],
  [
    "merge: chains end at the last one, circles and merging with oneself are harmless",
    async ({ storage }) => {
      await update(storage, change(1, { properties: { a: 1 } }, "a"), change(1, { properties: { b: 1 } }, "b"));
      for (const [from, into] of [
        ["a", "b"],
        ["b", "c"],
        ["c", "a"],
        ["c", "c"],
        ["a", "b"],
      ] as const) {
        await merge(storage)({ environment, from, into });
      }
      for (const id of ["a", "b", "c"]) {
        const user = await find(storage, id);
        assert.deepEqual([user?.id, user?.properties], ["c", { a: 1, b: 1 }]);
      }
    },
  ],
  [
    "merge: concurrent merges and changes lose nothing",
    async ({ storage }) => {
      const ids = Array.from({ length: 8 }, (_, index) => `part-${index}`);
      await update(storage, ...ids.map((id, index) => change(1, { properties: { [id]: index } }, id)));
      await Promise.all([
        ...ids.map((from) => merge(storage)({ environment, from, into: "whole" })),
        ...ids.map((id, index) => update(storage, change(2, { properties: { [`late-${id}`]: index } }, id))),
      ]);
      assert.equal(Object.keys((await find(storage, "whole"))?.properties ?? {}).length, 16);
    },
  ],
  [
    "merge: at the same time as the first change of the one merged, or of the other, nothing is lost or hidden",
    async ({ storage }) => {
      for (let round = 0; round < 20; round += 1) {
        const [from, into] = [`from-${round}`, `into-${round}`];
        await Promise.all([
          update(storage, change(1, { email: "a@example.com" }, from)),
          merge(storage)({ environment, from, into }),
          update(storage, change(1, { name: "Ada" }, into)),
        ]);
        const user = await find(storage, into);
        assert.deepEqual([user?.id, user?.email, user?.name], [into, "a@example.com", "Ada"]);
        assert.equal((await find(storage, from))?.id, into);
      }
    },
  ],
  [
    "merge: the links of a chain at the same time end at the last one",
    async ({ storage }) => {
      for (let round = 0; round < 20; round += 1) {
        const [first = "", second = "", last = ""] = ["a", "b", "c"].map((part) => `${part}-${round}`);
        await Promise.all([
          merge(storage)({ environment, from: first, into: second }),
          merge(storage)({ environment, from: second, into: last }),
        ]);
        assert.deepEqual(await update(storage, change(1, {}, first)), [{ id: last, status: "created" }]);
        assert.equal((await find(storage, second))?.id, last);
      }
    },
  ],
  [
    "merge: does nothing where one of the two was deleted since it was said, and all where it is said later",
    async ({ storage }) => {
      const at = (seconds: number) => ({ environment, at: second(seconds) });
      await update(storage, change(1, { email: "a@example.com" }), change(1, { email: "b@example.com" }, "bob"));
      await storage.users.delete({ id: "ada", ...at(10) });
      for (const [from, into] of [
        ["bob", "ada"],
        ["ada", "bob"],
      ] as const) {
        assert.deepEqual(await merge(storage)({ from, into, ...at(5) }), { status: "deleted" });
        assert.equal(await find(storage, "ada"), null);
        assert.equal((await find(storage, "bob"))?.email, "b@example.com");
      }
      assert.deepEqual(await merge(storage)({ from: "bob", into: "ada", ...at(11) }), { status: "merged" });
      assert.equal((await find(storage, "bob"))?.id, "ada");
    },
  ],
  [
    "delete: a merged user goes with all ids, and none of them comes back",
    async ({ storage }) => {
      await update(storage, change(1, {}), change(1, {}, "anon"));
      await merge(storage)({ environment, from: "anon", into: "ada" });
      const ids = await storage.users.delete({ environment, id: "anon", at: second(10) });
      assert.deepEqual([...ids].sort(), ["ada", "anon"]);
      assert.deepEqual(await statuses(update(storage, change(5, {}), change(5, {}, "anon"))), ["deleted", "deleted"]);
      assert.equal((await known(storage)({ environment, ids: ["ada", "anon"] })).size, 0);
    },
  ],
  [
    "merge: into a user who was not known, and of one who was not",
    async ({ storage }) => {
      await update(storage, change(1, { email: "a@example.com" }, "anon"));
      await merge(storage)({ environment, from: "anon", into: "ada" });
      assert.equal((await find(storage))?.email, "a@example.com");
      await merge(storage)({ environment, from: "nobody", into: "ada" });
      await merge(storage)({ environment, from: "nobody3", into: "nobody2" });
      assert.equal((await find(storage, "nobody"))?.email, "a@example.com");
      assert.equal(await find(storage, "nobody2"), null);
    },
  ],
];
