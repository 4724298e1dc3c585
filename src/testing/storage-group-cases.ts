import assert from "node:assert/strict";
import type { Storage } from "../storage/storage.js";
import type { GroupChange, MembershipChange } from "../users/group.js";
import { environment, type StorageCase, second } from "./storage-fixtures.js";

const change = (seconds: number, traits: GroupChange["traits"], id = "acme"): GroupChange => ({
  id,
  at: second(seconds),
  traits,
});
const word = (seconds: number, userId: string, isMember = true, groupId = "acme"): MembershipChange => ({
  groupId,
  userId,
  isMember,
  at: second(seconds),
});
const update = ({ groups }: Storage, ...changes: readonly GroupChange[]) =>
  groups.update({ environment, changes, memberships: [] });
const say = ({ groups }: Storage, ...memberships: readonly MembershipChange[]) =>
  groups.update({ environment, changes: [], memberships });
const find = async ({ groups }: Storage, id = "acme") => (await groups.find({ environment, ids: [id] }))[0] ?? null;
const membersOf = async ({ groups }: Storage, ...groupIds: readonly string[]) =>
  [...(await groups.members({ environment, groupIds, limit: 1_000 })).items].sort();

export const groupCases: readonly StorageCase[] = [
  [
    "groups: created, updated, unchanged; by the law of users, in any order",
    async ({ storage }) => {
      const changes = [
        change(1, { name: "Acme", plan: { tier: "free", seats: 3 } }),
        change(2, { plan: { tier: "pro" }, tags: ["a", "b"] }),
        change(3, { name: null, tags: ["c"], nul: "x\u0000\ud800" }),
      ];
      const statuses = (await update(storage, ...changes, ...changes)).map(({ status }) => status);
      assert.deepEqual(statuses, ["created", "updated", "updated", "unchanged", "unchanged", "unchanged"]);
      const expected = { name: null, plan: { tier: "pro", seats: 3 }, tags: ["c"], nul: "x\u0000\ud800" };
      assert.deepEqual(await find(storage), { id: "acme", traits: expected });
      for (const order of [
        [2, 1, 0],
        [1, 2, 0],
        [0, 2, 1],
      ]) {
        const id = `acme-${order.join("")}`;
        for (const index of order) await update(storage, { ...(changes[index] ?? change(0, {})), id });
        assert.deepEqual((await find(storage, id))?.traits, expected);
      }
    },
  ],
  [
    "groups: known without traits, unknown without a word, and environments are apart",
    async ({ storage }) => {
      await update(storage, change(1, {}));
      assert.deepEqual(await find(storage), { id: "acme", traits: {} });
      assert.equal(await find(storage, "nobody"), null);
      assert.deepEqual(await storage.groups.find({ environment: "development", ids: ["acme"] }), []);
      await say(storage, word(1, "ada"));
      const elsewhere = await storage.groups.members({ environment: "development", groupIds: ["acme"], limit: 10 });
      assert.deepEqual(elsewhere, { items: [], nextCursor: null });
    },
  ],
  [
    "groups: concurrent changes are all kept, and exactly one creates",
    async ({ storage }) => {
      const keys = Array.from({ length: 20 }, (_, index) => `key${index}`);
      const results = await Promise.all(keys.map((key, index) => update(storage, change(index, { [key]: index }))));
      assert.deepEqual(Object.keys((await find(storage))?.traits ?? {}).sort(), [...keys].sort());
      assert.equal(results.flat().filter(({ status }) => status === "created").length, 1);
    },
  ],
  [
    "members: the later word counts, in any order; at the same time, that of joining",
    async ({ storage }) => {
      const words = [word(1, "ada"), word(2, "ada", false), word(3, "ada"), word(4, "ada", false), word(4, "ada")];
      await say(storage, ...words);
      assert.deepEqual(await membersOf(storage, "acme"), ["ada"]);
      await say(storage, word(5, "ada", false));
      for (const late of [...words].reverse()) await say(storage, late);
      assert.deepEqual(await membersOf(storage, "acme"), []);
      await say(storage, word(6, "ada"), word(1, "bob"));
      assert.deepEqual(await membersOf(storage, "acme"), ["ada", "bob"]);
    },
  ],
  [
    "members: pages neither repeat nor leave out whoever stays, whoever else comes and goes meanwhile",
    async ({ storage }) => {
      const ids = Array.from({ length: 95 }, (_, index) => `user-${String(index * 2).padStart(3, "0")}`);
      await say(storage, ...ids.map((id) => word(1, id)));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await storage.groups.members({
          environment,
          groupIds: ["acme"],
          limit: 10,
          cursor,
        });
        seen.push(...page.items);
        cursor = page.nextCursor ?? undefined;
        await say(storage, word(2, `user-${String(seen.length * 2 - 1).padStart(3, "0")}`));
      } while (cursor !== undefined);
      assert.equal(new Set(seen).size, seen.length);
      assert.deepEqual(
        ids.filter((id) => !seen.includes(id)),
        [],
      );
    },
  ],
  [
    "members: of several groups at once, each once; a full last page has no next one",
    async ({ storage }) => {
      await say(storage, word(1, "ada"), word(1, "bob"), word(1, "bob", true, "labs"), word(1, "cleo", true, "labs"));
      const page = await storage.groups.members({ environment, groupIds: ["acme", "labs", "none"], limit: 3 });
      assert.deepEqual([[...page.items].sort(), page.nextCursor], [["ada", "bob", "cleo"], null]);
      assert.deepEqual(await membersOf(storage), []);
    },
  ],
  [
    "members: ids of any kind",
    async ({ storage }) => {
      const odd = ["x\u0000", "\ud800", "Ä", "a'b\"c", "1", "🙂"];
      await say(storage, ...odd.map((id) => word(1, id)));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await storage.groups.members({
          environment,
          groupIds: ["acme"],
          limit: 1,
          cursor,
        });
        seen.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      assert.deepEqual([...seen].sort(), [...odd].sort());
    },
  ],
  [
    "members: a merge moves memberships, by their law",
    async ({ storage }) => {
      await say(storage, word(1, "old"), word(2, "ada", false), word(1, "old", true, "labs"));
      await storage.groups.moveMember({ environment, from: "old", into: "ada" });
      await storage.groups.moveMember({ environment, from: "ada", into: "ada" });
      assert.deepEqual([await membersOf(storage, "acme"), await membersOf(storage, "labs")], [[], ["ada"]]);
    },
  ],
  [
    "members: one who is erased is nowhere, and a late word from before does not bring them back",
    async ({ storage }) => {
      await say(storage, word(1, "ada"), word(1, "bob"), word(1, "ada", true, "labs"));
      await storage.events.erase({ environment, userId: "ada", at: second(10) });
      await storage.groups.eraseMember({ environment, userId: "ada" });
      await say(storage, word(5, "ada"));
      assert.deepEqual(await membersOf(storage, "acme", "labs"), ["bob"]);
      await say(storage, word(11, "ada"));
      assert.deepEqual(await membersOf(storage, "acme"), ["ada", "bob"]);
    },
  ],
  [
    "groups: of a user who is erased, memberships that were said later stay where they are to",
    async ({ storage }) => {
      await say(storage, word(1, "ada"), word(11, "ada", true, "labs"));
      await storage.groups.eraseMember({ environment, userId: "ada", until: second(10) });
      assert.deepEqual(await membersOf(storage, "acme"), []);
      assert.deepEqual(await membersOf(storage, "labs"), ["ada"]);
    },
  ],
  [
    "groups: deleted with the memberships; what was said before does not bring it back, what is said after does",
    async ({ storage }) => {
      await update(storage, change(1, { name: "Acme" }));
      await say(storage, word(1, "ada"));
      assert.equal(await storage.groups.delete({ environment, id: "acme", at: second(10) }), true);
      assert.equal(await storage.groups.delete({ environment, id: "acme", at: second(10) }), false);
      assert.deepEqual(await update(storage, change(5, { name: "Late" })), [{ id: "acme", status: "deleted" }]);
      await say(storage, word(5, "ada"));
      assert.deepEqual([await find(storage), await membersOf(storage, "acme")], [null, []]);
      await update(storage, change(11, { plan: "new" }));
      assert.deepEqual((await find(storage))?.traits, { plan: "new" });
    },
  ],
  [
    "groups: a user of the same id is another matter",
    async ({ storage }) => {
      await update(storage, change(1, {}));
      await storage.users.delete({ environment, id: "acme", at: second(10) });
      await update(storage, change(5, { name: "Acme" }));
      assert.equal((await find(storage))?.traits["name"], "Acme");
    },
  ],
];
