import assert from "node:assert/strict";
import type { UserChange } from "../users/user.js";
import { environment, permutations, second, type UserCase } from "./storage-fixtures.js";
import { change, find, known, statuses, update } from "./storage-user-fixtures.js";

const changes: readonly UserChange[] = [
  change(1, {
    email: "ada@example.com",
    name: "Ada",
    properties: { plan: "free", address: { city: "London", zip: "1" } },
  }),
  change(2, { phoneNumber: "+44", properties: { plan: "pro", tags: ["a", "b"] } }),
  change(3, { name: null, properties: { address: { city: "Paris" }, tags: ["c"] } }),
  change(4, { email: "countess@example.com", createdAt: "2020-01-01T00:00:00.000Z", properties: { plan: null } }),
  change(5, {
    locale: "en-GB",
    timezone: "Europe/London",
    properties: { "a/b": { "c.d": 1, "": 2 }, nul: "x\u0000\ud800" },
  }),
];

const expected = {
  id: "ada",
  email: "countess@example.com",
  phoneNumber: "+44",
  avatar: null,
  name: null,
  locale: "en-GB",
  timezone: "Europe/London",
  createdAt: new Date("2020-01-01T00:00:00.000Z"),
  properties: {
    plan: null,
    address: { city: "Paris", zip: "1" },
    tags: ["c"],
    "a/b": { "c.d": 1, "": 2 },
    nul: "x\u0000\ud800",
  },
};

const updateCases: readonly UserCase[] = [
  [
    "update: created, updated, unchanged, in the order of the changes",
    async ({ storage }) => {
      const first = change(1, { email: "a@example.com" });
      assert.deepEqual(await statuses(update(storage, first, change(1, {}, "bob"))), ["created", "created"]);
      assert.deepEqual(
        await statuses(update(storage, change(2, {}, "bob"), first, change(2, { email: "b@example.com" }))),
        ["unchanged", "unchanged", "updated"],
      );
      assert.equal((await find(storage))?.email, "b@example.com");
    },
  ],
  [
    "update: several changes to one user in one call",
    async ({ storage }) => {
      assert.deepEqual((await statuses(update(storage, ...changes)))[0], "created");
      assert.deepEqual(await find(storage), expected);
    },
  ],
  [
    "update: every order of five changes gives the same user",
    async ({ storage }) => {
      for (const [index, order] of permutations(changes).entries()) {
        const id = `user-${index}`;
        await update(storage, ...order.map((one) => ({ ...one, id })));
        assert.deepEqual(await find(storage, id), { ...expected, id });
      }
    },
  ],
  [
    "update: 1,000 random orders of 20 changes, with repetition, in calls of any size, give the same user",
    async ({ storage }) => {
      const twenty = Array.from({ length: 20 }, (_, index) =>
        change(1 + (index % 7), {
          email: `${index % 3}@example.com`,
          properties: {
            [`key${index % 5}`]: index,
            nested: { [`key${index % 4}`]: [index] },
            flag: index % 2 === 0 ? null : {},
          },
        }),
      );
      const random = seeded(7);
      const orders = Array.from({ length: 1_000 }, (_, order) => {
        const shuffled = [...twenty, ...twenty.slice(0, 5)].map((one) => ({ one, rank: random() }));
        return shuffled
          .sort((left, right) => left.rank - right.rank)
          .map(({ one }) => ({ ...one, id: `user-${order}` }));
      });
      for (let from = 0; from < 25; ) {
        const size = 1 + Math.floor(random() * 10);
        await update(storage, ...orders.flatMap((order) => order.slice(from, from + size)));
        from += size;
      }
      await update(storage, ...twenty);
      const reference = await find(storage);
      const users = await storage.users.find({ environment, ids: orders.map((_, order) => `user-${order}`) });
      assert.equal(users.length, 1_000);
      for (const user of users) assert.deepEqual({ ...user, id: "ada" }, reference);
    },
  ],
  [
    "update: one by one, and repeated, gives the same user",
    async ({ storage }) => {
      for (const one of [...changes].reverse()) await update(storage, one);
      for (const one of changes) await update(storage, one);
      assert.deepEqual(await find(storage), expected);
    },
  ],
  [
    "update: a user without attributes is known",
    async ({ storage }) => {
      await update(storage, change(1, {}));
      assert.deepEqual([...(await known(storage)({ environment, ids: ["ada", "bob"] }))], [["ada", "ada"]]);
    },
  ],
  [
    "update: concurrent changes are all kept",
    async ({ storage }) => {
      const keys = Array.from({ length: 20 }, (_, index) => `key${index}`);
      await Promise.all(keys.map((key, index) => update(storage, change(index, { properties: { [key]: index } }))));
      assert.deepEqual(Object.keys((await find(storage))?.properties ?? {}).sort(), [...keys].sort());
    },
  ],
  [
    "update: of concurrent first changes exactly one creates",
    async ({ storage }) => {
      const results = await Promise.all(
        [1, 2, 3, 4].map((at) => statuses(update(storage, change(at, { email: `${at}@example.com` })))),
      );
      assert.equal(results.flat().filter((status) => status === "created").length, 1);
    },
  ],
];

const lifeCases: readonly UserCase[] = [
  [
    "find and known: nobody for nobody, and 1,000 at once",
    async ({ storage }) => {
      assert.deepEqual(await storage.users.find({ environment, ids: [] }), []);
      assert.equal((await known(storage)({ environment, ids: [] })).size, 0);
      const ids = Array.from({ length: 1_000 }, (_, index) => `user-${index}`);
      await update(storage, ...ids.map((id) => change(1, { email: `${id}@example.com` }, id)));
      assert.equal((await known(storage)({ environment, ids: [...ids, "nobody"] })).size, 1_000);
      assert.equal((await storage.users.find({ environment, ids })).length, 1_000);
    },
  ],
  [
    "delete: what happened before does not bring the user back, what happens after does",
    async ({ storage }) => {
      await update(storage, change(1, { email: "a@example.com" }));
      assert.deepEqual(await storage.users.delete({ environment, id: "ada", at: second(10) }), ["ada"]);
      assert.equal(await find(storage), null);
      assert.deepEqual(await statuses(update(storage, change(5, { email: "late@example.com" }))), ["deleted"]);
      assert.equal(await find(storage), null);
      assert.deepEqual(await statuses(update(storage, change(11, { name: "Ada" }))), ["created"]);
      assert.equal((await find(storage))?.email, null);
    },
  ],
  [
    "delete: no ids for a user who was not known, who then stays out all the same",
    async ({ storage }) => {
      assert.deepEqual(await storage.users.delete({ environment, id: "ada", at: second(10) }), []);
      assert.deepEqual(await statuses(update(storage, change(5, {}))), ["deleted"]);
    },
  ],
];

/** The same numbers on every run, so that a failure can be looked at. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

export const userCases: readonly UserCase[] = [...updateCases, ...lifeCases];

/** For stores that keep users of several environments. */
export const environmentCases: readonly UserCase[] = [
  [
    "users of one environment are not known in another",
    async ({ storage }) => {
      await update(storage, change(1, { email: "a@example.com" }));
      assert.deepEqual(await storage.users.find({ environment: "development", ids: ["ada"] }), []);
      assert.equal((await known(storage)({ environment: "development", ids: ["ada"] })).size, 0);
    },
  ],
];
