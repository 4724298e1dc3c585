import assert from "node:assert/strict";
import type { Page } from "../storage/page.js";
import type { Storage } from "../storage/storage.js";
import type { User } from "../users/user.js";
import { environment, type StorageCase, second } from "./storage-fixtures.js";

const identify = (storage: Storage, ids: readonly string[], email?: (id: string) => string | null) =>
  storage.users.update({
    environment,
    changes: ids.map((id) => ({ id, at: second(1), attributes: email === undefined ? {} : { email: email(id) } })),
  });

/** The ids of all pages; `null` where the storage does not list users. */
async function list(storage: Storage, search?: string, limit = 100): Promise<readonly string[] | null> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await storage.users.list?.({ environment, search, limit, cursor });
    if (page === undefined) return null;
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
}

/** `list` and `history` are optional: where they are not there, nothing can be wrong with them. */
export const userListCases: readonly StorageCase[] = [
  [
    "users.list: all users of the environment once, in pages",
    async ({ storage }) => {
      if ((await list(storage)) === null) return;
      const ids = ["bob", "Bob", "a-1", "a", "\u0000x", "\ud83e\udd8a", "ä", "10", "9"];
      await identify(storage, ids);
      await storage.users.update({
        environment: "development",
        changes: [{ id: "dev", at: second(1), attributes: {} }],
      });
      for (const limit of [1, 2, 9, 100]) {
        const found = (await list(storage, undefined, limit)) ?? [];
        assert.deepEqual([...found].sort(), [...ids].sort());
      }
      const page = await storage.users.list?.({ environment, limit: 9 });
      assert.deepEqual([page?.items.length, page?.nextCursor], [9, null]);
    },
  ],
  [
    "users.list: by the start of the id, or by the email whatever its case, as it is now",
    async ({ storage }) => {
      if ((await list(storage)) === null) return;
      await identify(storage, ["ada", "adam", "bob", "Ada"], (id) => `${id}.X@Example.com`);
      await identify(storage, ["carol"], () => "Ada.x@example.COM");
      await identify(storage, ["ada.x@example.com", "50%_", "50xx"], () => null);
      const found = async (search: string) => [...((await list(storage, search)) ?? [])].sort();
      assert.deepEqual(await found("ada"), ["ada", "ada.x@example.com", "adam"]);
      assert.deepEqual(await found("Bob.x@example.com"), ["bob"]);
      assert.deepEqual(await found("ada.x@example.com"), ["Ada", "ada", "ada.x@example.com", "carol"]);
      assert.deepEqual(await list(storage, "ada.x@example.com", 1), await list(storage, "ada.x@example.com"));
      assert.deepEqual(await found("50%_"), ["50%_"]);
      assert.deepEqual(await found("x@example.com"), []);
      const changes = [{ id: "bob", at: second(2), attributes: { email: "new@example.com" } }];
      await storage.users.update({ environment, changes });
      assert.deepEqual([await found("bob.x@example.com"), await found("new@example.com")], [[], ["bob"]]);
    },
  ],
  [
    "users.list: a merged user is one, and a deleted one is none",
    async ({ storage }) => {
      if ((await list(storage)) === null || storage.users.merge === undefined) return;
      await identify(storage, ["anon", "gone"], (id) => `${id}@example.com`);
      await identify(storage, ["ada"]);
      await storage.users.merge({ environment, from: "anon", into: "ada" });
      await storage.users.delete({ environment, id: "gone", at: second(5) });
      assert.deepEqual(await list(storage), ["ada"]);
      assert.deepEqual(await list(storage, "anon@example.com"), ["ada"]);
      assert.deepEqual(await list(storage, "gone@example.com"), []);
    },
  ],
  [
    "users.history: what is known, piece by piece, with the time at which it was said",
    async ({ storage }) => {
      const history = (id: string) => storage.users.history?.({ environment, id });
      if ((await history("nobody")) === undefined || storage.users.merge === undefined) return;
      assert.equal(await history("nobody"), null);
      const properties = { plan: "free", "a.b": { "it's": 1 }, address: { city: "London" } };
      const changes = [
        { id: "anon", at: second(1), attributes: { email: "a@example.com", properties } },
        { id: "anon", at: second(2), attributes: { properties: { plan: "pro", tags: ["x"], address: null } } },
      ];
      await storage.users.update({ environment, changes });
      await storage.users.merge({ environment, from: "anon", into: "ada" });
      const expected = [
        { path: "email", value: "a@example.com", at: second(1) },
        { path: "properties.address", value: null, at: second(2) },
        { path: "properties.plan", value: "pro", at: second(2) },
        { path: "properties.tags", value: ["x"], at: second(2) },
        { path: "properties['a.b']['it\\'s']", value: 1, at: second(1) },
      ];
      assert.deepEqual(await history("ada"), expected);
      assert.deepEqual(await history("anon"), expected);
    },
  ],
  [
    "users.list and users.history: with what was said before the sign-in, as users.find",
    async ({ storage: { users } }) => {
      if (users.list === undefined || users.history === undefined || users.updateVisitors === undefined) return;
      const attributes = { email: "a@example.com", properties: { plan: "free", seen: "pricing" } };
      await users.updateVisitors({ environment, changes: [{ anonymousId: "phone", at: second(1), attributes }] });
      const signIn = { id: "ada", at: second(2), attributes: { properties: { plan: "pro" } }, anonymousId: "phone" };
      await users.update({ environment, changes: [signIn, { id: "bob", at: second(1), attributes: {} }] });
      for (const search of [undefined, "ad"]) {
        const listed: Page<User> = await users.list({ environment, search, limit: 1 });
        assert.deepEqual(listed.items, await users.find({ environment, ids: ["ada"] }));
        assert.equal(listed.items[0]?.email, "a@example.com");
      }
      assert.deepEqual(await users.history({ environment, id: "ada" }), [
        { path: "email", value: "a@example.com", at: second(1) },
        { path: "properties.plan", value: "pro", at: second(2) },
        { path: "properties.seen", value: "pricing", at: second(1) },
      ]);
    },
  ],
];
