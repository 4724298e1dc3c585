import assert from "node:assert/strict";
import type { UserAttributes, UserChange, VisitorChange } from "../users/user.js";
import { environment, permutations, powerOf, second, type UserCase, type UsersUnderTest } from "./storage-fixtures.js";
import { find } from "./storage-user-fixtures.js";

type Users = UsersUnderTest["storage"];
type Step = (storage: Users) => Promise<unknown>;

const say = (at: number, attributes: UserAttributes, anonymousId = "phone"): VisitorChange => ({
  anonymousId,
  at: second(at),
  attributes,
});
const updateVisitors = ({ users }: Users, ...changes: readonly VisitorChange[]) =>
  powerOf(users, "updateVisitors")({ environment, changes });
const said =
  (...changes: readonly VisitorChange[]): Step =>
  (storage) =>
    updateVisitors(storage, ...changes);
const signedIn =
  (at: number, id: string, attributes: UserAttributes = {}, anonymousId = "phone"): Step =>
  ({ users }) =>
    users.update({ environment, changes: [{ id, at: second(at), attributes, anonymousId } satisfies UserChange] });
const merged =
  (from: string, into: string): Step =>
  ({ users }) =>
    powerOf(users, "merge")({ environment, from, into });
const shown = async (storage: Users, id = "ada") => {
  const user = await find(storage, id);
  return user === null ? null : { email: user.email, ...user.properties };
};

/** Every order of the steps, each on users of its own, ends alike. */
async function inAnyOrder(
  storage: Users,
  steps: (suffix: string) => readonly Step[],
  check: (suffix: string) => Promise<void>,
): Promise<void> {
  const count = steps("").length;
  const orders = permutations(Array.from({ length: count }, (_, index) => index));
  for (const [number, order] of orders.entries()) {
    const all = steps(`-${number}`);
    for (const index of order) await all[index]?.(storage);
    await check(`-${number}`);
  }
}

/** For stores that keep what visitors say. */
export const visitorCases: readonly UserCase[] = [
  [
    "visitors: what was said before the sign-in becomes the user's, by the law, in any order",
    async ({ storage }) => {
      const steps = (suffix: string) => [
        said(say(1, { email: "a@example.com", properties: { plan: "free", seen: "pricing" } }, `phone${suffix}`)),
        said(say(2, { properties: { plan: "trial", cart: { items: 1 } } }, `phone${suffix}`)),
        signedIn(3, `ada${suffix}`, { properties: { plan: "pro" } }, `phone${suffix}`),
        said(say(1, { properties: { cart: { coupon: "X" } } }, `laptop${suffix}`)),
        signedIn(4, `ada${suffix}`, {}, `laptop${suffix}`),
      ];
      const expected = { email: "a@example.com", plan: "pro", seen: "pricing", cart: { items: 1, coupon: "X" } };
      await inAnyOrder(storage, steps, async (suffix) =>
        assert.deepEqual(sorted(await shown(storage, `ada${suffix}`)), sorted(expected)),
      );
    },
  ],
  [
    "visitors: of two users of one device nothing of the first, and nothing said after, reaches the second, in any order",
    async ({ storage }) => {
      const steps = (suffix: string) => [
        said(say(1, { properties: { secret: "of ada" } }, `phone${suffix}`)),
        signedIn(3, `ada${suffix}`, {}, `phone${suffix}`),
        said(say(5, { properties: { later: true } }, `phone${suffix}`)),
        signedIn(7, `bob${suffix}`, {}, `phone${suffix}`),
      ];
      await inAnyOrder(storage, steps, async (suffix) => {
        assert.deepEqual(await shown(storage, `ada${suffix}`), { email: null, secret: "of ada" });
        assert.deepEqual(await shown(storage, `bob${suffix}`), { email: null });
      });
    },
  ],
  [
    "visitors: kept, folded, late",
    async ({ storage }) => {
      const status = async (change: VisitorChange) => (await updateVisitors(storage, change))[0];
      assert.deepEqual(await status(say(1, { name: "Ada" })), { status: "kept", userId: null });
      await signedIn(3, "ada")(storage);
      assert.deepEqual(await status(say(2, { locale: "en" })), { status: "folded", userId: "ada" });
      assert.deepEqual(await status(say(4, { locale: "fr" })), { status: "late", userId: null });
      const user = await find(storage);
      assert.deepEqual([user?.name, user?.locale], ["Ada", "en"]);
    },
  ],
  [
    "visitors: a sign-in that brings something is an update, one that brings nothing is not",
    async ({ storage }) => {
      const update = async (at: number, anonymousId: string) => {
        const changes = [{ id: "ada", at: second(at), attributes: {}, anonymousId }];
        return (await storage.users.update({ environment, changes })).map(({ status }) => status);
      };
      await updateVisitors(storage, say(1, { name: "Ada" }));
      assert.deepEqual(await update(2, "laptop"), ["created"]);
      assert.deepEqual(await update(3, "phone"), ["updated"]);
      assert.deepEqual(await update(4, "phone"), ["unchanged"]);
    },
  ],
  [
    "visitors: nobody is known by an anonymous id alone, and environments are apart",
    async ({ storage }) => {
      await updateVisitors(storage, say(1, { name: "Ada" }));
      assert.equal(await find(storage, "phone"), null);
      await storage.users.update({
        environment: "development",
        changes: [{ id: "ada", at: second(2), attributes: {}, anonymousId: "phone" }],
      });
      const [user] = await storage.users.find({ environment: "development", ids: ["ada"] });
      assert.equal(user?.name, null);
    },
  ],
  [
    "visitors: of one who never stops talking a bounded number of words is kept, the latest",
    async ({ storage }) => {
      const words = Array.from({ length: 300 }, (_, index) => say(index, { properties: { [`key${index}`]: index } }));
      await updateVisitors(storage, ...words);
      await signedIn(1_000, "ada")(storage);
      const keys = Object.keys((await find(storage))?.properties ?? {});
      assert.ok(keys.length >= 10 && keys.length <= 100, `${keys.length} words`);
      assert.ok(keys.includes("key299"));
    },
  ],
  [
    "visitors: concurrent words and sign-ins lose nothing",
    async ({ storage }) => {
      const words = Array.from({ length: 20 }, (_, index) =>
        said(say(1 + index, { properties: { [`k${index}`]: 1 } })),
      );
      await Promise.all([...words, signedIn(50, "ada"), signedIn(51, "ada")].map((step) => step(storage)));
      assert.equal(Object.keys((await find(storage))?.properties ?? {}).length, 20);
    },
  ],
  [
    "visitors: a merge takes along what was said, before and after",
    async ({ storage }) => {
      const steps = (suffix: string) => [
        said(say(1, { properties: { seen: true } }, `phone${suffix}`)),
        signedIn(2, `old${suffix}`, {}, `phone${suffix}`),
        merged(`old${suffix}`, `ada${suffix}`),
      ];
      await inAnyOrder(storage, steps, async (suffix) =>
        assert.deepEqual(await shown(storage, `ada${suffix}`), { email: null, seen: true }),
      );
    },
  ],
  [
    "visitors: a deleted user's anonymous ids go with them, and what was said under them does not come back",
    async ({ storage }) => {
      await updateVisitors(storage, say(1, { properties: { secret: true } }));
      await signedIn(2, "ada")(storage);
      const ids = await storage.users.delete({ environment, id: "ada", at: second(10) });
      assert.deepEqual([...ids].sort(), ["ada", "phone"]);
      assert.deepEqual(await updateVisitors(storage, say(5, { properties: { secret: true } })), [
        { status: "deleted", userId: null },
      ]);
      await signedIn(11, "ada")(storage);
      assert.deepEqual(await shown(storage), { email: null });
      await signedIn(9, "bob")(storage);
      assert.deepEqual(await shown(storage, "bob"), { email: null });
    },
  ],
];

function sorted(value: object | null): unknown {
  return value === null ? null : Object.entries(value).sort(([left], [right]) => left.localeCompare(right));
}
