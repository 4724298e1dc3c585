import assert from "node:assert/strict";
import type { UserAttributes } from "../users/user.js";
import { environment, powerOf, type UserCase } from "./storage-fixtures.js";

const happened = new Date("2026-03-01T11:59:00.000Z");
const before = new Date(happened.getTime() - 1);

/** For stores with `markDeleted`, which can spare what was said later. */
export const erasureCases: readonly UserCase[] = [
  [
    "delete: with sparesLater what was said later stays, however often it is repeated; without it nothing does",
    async ({ storage }) => {
      const { users } = storage;
      const ids = ["ada"];
      const change = (ms: number, attributes: UserAttributes) => ({
        id: "ada",
        at: new Date(happened.getTime() + ms),
        attributes,
      });
      const find = async () => (await users.find({ environment, ids }))[0];
      const forget = (sparesLater: boolean) => users.delete({ environment, id: "ada", at: happened, sparesLater });
      await users.update({
        environment,
        changes: [change(-1, { email: "a@example.com" }), change(1, { name: "Ada" })],
      });
      assert.deepEqual(await forget(true), []);
      assert.deepEqual([(await find())?.email, (await find())?.name], [null, "Ada"]);
      assert.deepEqual(await forget(true), []);
      assert.equal((await find())?.name, "Ada");
      assert.deepEqual(await forget(false), ids);
      assert.equal(await find(), undefined);
      await users.update({ environment, changes: [change(-1, { email: "a@example.com" })] });
      assert.deepEqual(await forget(true), []);
      assert.equal(await find(), undefined);
    },
  ],
  [
    "delete: a user who came back without a word about themselves stays when the deletion is repeated",
    async ({ storage: { users } }) => {
      const change = (ms: number) => ({ id: "ada", at: new Date(happened.getTime() + ms), attributes: {} });
      const forget = () => users.delete({ environment, id: "ada", at: happened, sparesLater: true });
      await users.update({ environment, changes: [change(-1)] });
      assert.deepEqual(await forget(), ["ada"]);
      await users.update({ environment, changes: [change(1)] });
      assert.deepEqual(await forget(), []);
      const [user] = await users.find({ environment, ids: ["ada"] });
      assert.deepEqual([user?.id, user?.properties], ["ada", {}]);
      assert.deepEqual((await users.history?.({ environment, id: "ada" })) ?? [], []);
    },
  ],
  [
    "markDeleted: tells all ids and leaves the user, whom delete then takes out with the same ids",
    async ({ storage: { users } }) => {
      const change = (id: string) => ({ id, at: before, attributes: { name: id } });
      await users.update({ environment, changes: [change("ada"), change("old")] });
      await powerOf(users, "merge")({ environment, from: "old", into: "ada" });
      const params = { environment, id: "old", at: happened };
      const marked = await powerOf(users, "markDeleted")(params);
      assert.deepEqual([...marked].sort(), ["ada", "old"]);
      assert.equal((await users.find({ environment, ids: ["ada"] })).length, 1);
      const [again] = await users.update({ environment, changes: [change("ada")] });
      assert.equal(again?.status, "deleted");
      const merge = await powerOf(users, "merge")({ environment, from: "eve", into: "ada", at: before });
      assert.equal(merge.status, "deleted");
      assert.deepEqual([...(await powerOf(users, "markDeleted")(params))].sort(), ["ada", "old"]);
      assert.deepEqual([...(await users.delete(params))].sort(), ["ada", "old"]);
      assert.deepEqual(await powerOf(users, "markDeleted")(params), ["old"]);
    },
  ],
  [
    "merge and delete at the same time: whoever is merged into somebody who is deleted does not bring them back",
    async ({ storage: { users } }) => {
      for (let round = 0; round < 15; round += 1) {
        const [id, from] = [`user-${round}`, `other-${round}`];
        const changes = [id, from].map((each) => ({ id: each, at: before, attributes: { name: each } }));
        await users.update({ environment, changes });
        await Promise.all([
          users.delete({ environment, id, at: happened }),
          powerOf(users, "merge")({ environment, from, into: id, at: before }),
        ]);
        assert.deepEqual(await users.find({ environment, ids: [id] }), []);
        const left = await users.find({ environment, ids: [from] });
        assert.deepEqual(
          left.filter((user) => user.id !== from),
          [],
        );
      }
    },
  ],
];
