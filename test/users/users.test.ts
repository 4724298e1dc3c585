import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { parseSegmentPayload } from "../../src/segment/parse.js";
import { identifyTraits, inlineUserToChange, traitsToAttributes } from "../../src/users/traits.js";
import type { UserChange } from "../../src/users/user.js";
import {
  applyUserChange,
  clampEventTime,
  emptyRegisters,
  mergeRegisters,
  toUser,
  toUserHistory,
} from "../../src/users/user-registers.js";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const identify = (event: object) => {
  const [parsed] = parseSegmentPayload({ type: "identify", ...event }, { receivedAt: at(0) });
  return parsed?.ok === true ? identifyTraits(parsed.event.event) : undefined;
};
const fold = (changes: readonly UserChange[]) => toUser("ada", changes.reduce(applyUserChange, emptyRegisters));

describe("traits", () => {
  it.each<[string, JsonObject, unknown]>([
    [
      "reserved ones",
      { email: "e", phone: "p", avatar: "a", name: "n", locale: "l", timezone: "t" },
      { email: "e", phoneNumber: "p", avatar: "a", name: "n", locale: "l", timezone: "t" },
    ],
    [
      "snake case",
      { phone_number: "p", first_name: "A", last_name: "B", created_at: "2026-01-01" },
      { phoneNumber: "p", createdAt: "2026-01-01T00:00:00.000Z", properties: { firstName: "A", lastName: "B" } },
    ],
    [
      "camel case",
      { phoneNumber: 123, createdAt: 1_767_225_600 },
      { phoneNumber: "123", createdAt: "2026-01-01T00:00:00.000Z" },
    ],
    [
      "nulls",
      { email: null, createdAt: null, plan: null },
      { email: null, createdAt: null, properties: { plan: null } },
    ],
    [
      "others",
      { plan: "pro", "total billed": 1, address: { city: "x" } },
      { properties: { plan: "pro", "total billed": 1, address: { city: "x" } } },
    ],
    [
      "values that do not fit",
      { email: { a: 1 }, name: [1], createdAt: "soon", phone: true },
      { properties: { email: { a: 1 }, name: [1], createdAt: "soon", phone: true } },
    ],
    ["id", { id: "other" }, {}],
    [
      "prototype keys",
      JSON.parse('{"__proto__":{"x":1},"constructor":1,"a":[{"__proto__":2,"b":3}],"toString":1}'),
      { properties: { a: [{ b: 3 }], toString: 1 } },
    ],
  ])("%s", (_, traits, expected) => {
    expect(traitsToAttributes(traits)).toEqual(expected);
    expect(Reflect.get({}, "x")).toBeUndefined();
  });

  it("of an identify event stand at the top, in the context, or in both", () => {
    expect(identify({ userId: "ada", traits: { email: "e" } })).toEqual({ email: "e" });
    expect(identify({ userId: 7, context: { traits: { email: "e" } } })).toEqual({ email: "e" });
    expect(
      identify({ userId: "ada", traits: { email: "top" }, context: { traits: { email: "ctx", plan: "x" } } }),
    ).toEqual({ email: "top", plan: "x" });
    expect(identify({ userId: "ada", traits: [], context: [] })).toEqual({});
  });

  it("of an inline user leave out what is about the notification", () => {
    const user = {
      id: "ada",
      email: "e",
      $trigger_data: {},
      channel_data: {},
      channelData: {},
      preferences: {},
      team: "x",
    };
    expect(inlineUserToChange(user, at(1))).toEqual({
      id: "ada",
      at: at(1),
      attributes: { email: "e", properties: { team: "x" } },
    });
  });
});

describe("what a user is after their changes", () => {
  const change = (second: number, properties: JsonObject): UserChange => ({
    id: "ada",
    at: at(second),
    attributes: { properties },
  });
  it.each<[string, UserChange[], JsonObject]>([
    ["the latest wins", [change(1, { a: 1 }), change(2, { a: 2 })], { a: 2 }],
    ["objects merge", [change(1, { o: { x: 1, y: 1 } }), change(2, { o: { y: 2 } })], { o: { x: 1, y: 2 } }],
    ["lists are replaced", [change(1, { l: [1, 2] }), change(2, { l: [3] })], { l: [3] }],
    ["an empty object replaces", [change(1, { o: { x: 1 } }), change(2, { o: {} })], { o: {} }],
    ["after an empty object", [change(1, { o: {} }), change(2, { o: { x: 1 } })], { o: { x: 1 } }],
    ["a value hides the older object", [change(1, { o: { x: { z: 1 } } }), change(2, { o: "text" })], { o: "text" }],
    ["an object hides the older value", [change(1, { o: "text" }), change(2, { o: { x: 1 } })], { o: { x: 1 } }],
    [
      "between value and object",
      [change(1, { o: { x: 1 } }), change(2, { o: "text" }), change(3, { o: { y: 1 } })],
      { o: { y: 1 } },
    ],
    ["of two at the same time the greater text wins", [change(1, { a: "x" }), change(1, { a: "y" })], { a: "y" }],
    ["an object at the same time as a value", [change(1, { o: { x: 1 } }), change(1, { o: "text" })], { o: { x: 1 } }],
    ["null sets null", [change(1, { a: 1 }), change(2, { a: null })], { a: null }],
    ["absent keeps", [change(1, { a: 1 }), change(2, {})], { a: 1 }],
    ["keys with slashes and tildes", [change(1, { "a/b": { "~": 1 }, "~1": 2 })], { "a/b": { "~": 1 }, "~1": 2 }],
  ])("%s", (_, changes, expected) => {
    expect(fold(changes).properties).toEqual(expected);
    expect(fold([...changes].reverse()).properties).toEqual(expected);
  });

  it("the name is made of first and last name where there is none", () => {
    const named = (second: number, attributes: UserChange["attributes"]) => ({ id: "ada", at: at(second), attributes });
    const first = named(1, { properties: { firstName: "Ada" } });
    const last = named(2, { properties: { lastName: "Lovelace" } });
    expect(fold([last, first]).name).toBe("Ada Lovelace");
    expect(fold([first]).name).toBe("Ada");
    expect(fold([first, named(3, { name: "Countess" })]).name).toBe("Countess");
    expect(fold([named(1, { properties: { firstName: "", lastName: 3 } })]).name).toBeNull();
  });

  it("an attribute that is undefined says nothing", () => {
    const attributes = { email: undefined, name: "Ada" } as unknown as UserChange["attributes"];
    expect(fold([{ id: "ada", at: at(1), attributes }])).toMatchObject({ email: null, name: "Ada" });
  });

  it("the time of creation is a Date", () => {
    const attributes = { createdAt: "2026-01-01T00:00:00.000Z" };
    expect(fold([{ id: "ada", at: at(1), attributes }]).createdAt).toEqual(at(0));
  });

  it("values that were already said change nothing", () => {
    const said = applyUserChange(emptyRegisters, change(1, { a: { b: 1 } }));
    expect(applyUserChange(said, change(1, { a: { b: 1 } }))).toBe(said);
    expect(applyUserChange(said, change(0, { a: { b: 2 } }))).toBe(said);
    expect(mergeRegisters(said, emptyRegisters)).toBe(said);
  });

  it("senders whose clock is far ahead count as now", () => {
    expect(clampEventTime(at(400), at(0))).toEqual(at(0));
    expect(clampEventTime(at(200), at(0))).toEqual(at(200));
  });
});

describe("the law: order, repetition and grouping do not matter", () => {
  const leaf = fc.oneof(fc.constantFrom(1, 2, null, "x", true), fc.constant([1]), fc.constant({}));
  const key = fc.constantFrom("a", "b", "c");
  const properties = fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf)))));
  const changes = fc.array(
    fc.record(
      {
        id: fc.constant("ada"),
        at: fc.integer({ min: 0, max: 4 }).map(at),
        attributes: fc.record({ email: fc.constantFrom("x", "y", null), properties }),
      },
      { requiredKeys: ["id", "at", "attributes"] },
    ),
    { maxLength: 8 },
  ) as fc.Arbitrary<UserChange[]>;

  it("any permutation with any repetition", () => {
    fc.assert(
      fc.property(changes, fc.infiniteStream(fc.nat()), (said, random) => {
        const again = said.flatMap((one) => (([...random.take(1)][0] ?? 0) % 2 === 0 ? [one, one] : [one]));
        const keyed = again.map((one) => ({ one, sort: [...random.take(1)][0] ?? 0 }));
        const shuffled = keyed.sort((left, right) => left.sort - right.sort).map(({ one }) => one);
        expect(fold(shuffled)).toEqual(fold(said));
      }),
      { numRuns: 1_000 },
    );
  });

  it("any grouping", () => {
    fc.assert(
      fc.property(changes, fc.nat(8), (said, split) => {
        const left = said.slice(0, split).reduce(applyUserChange, emptyRegisters);
        const right = said.slice(split).reduce(applyUserChange, emptyRegisters);
        expect(toUser("ada", mergeRegisters(right, left))).toEqual(fold(said));
      }),
      { numRuns: 500 },
    );
  });
});

describe("history", () => {
  const historyOf = (...changes: readonly [second: number, properties: JsonObject][]) =>
    toUserHistory(
      changes.reduce(
        (registers, [second, properties]) =>
          applyUserChange(registers, { id: "ada", at: at(second), attributes: { properties } }),
        emptyRegisters,
      ),
    ).map(({ path, value }) => `${path} ${JSON.stringify(value)}`);

  it.each<[string, [number, JsonObject][], string[]]>([
    [
      "an object that replaced a value",
      [
        [1, { plan: "free" }],
        [2, { plan: { name: "pro" } }],
      ],
      ['properties.plan.name "pro"'],
    ],
    [
      "a value that replaced an object",
      [
        [1, { plan: { name: "pro" } }],
        [2, { plan: "free" }],
      ],
      ['properties.plan "free"'],
    ],
    [
      "both at once",
      [
        [1, { plan: "free" }],
        [1, { plan: { name: "pro" } }],
      ],
      ['properties.plan.name "pro"'],
    ],
    [
      "an object that is older than the value",
      [
        [2, { plan: "free" }],
        [1, { plan: { name: "pro" } }],
      ],
      ['properties.plan "free"'],
    ],
  ])("has what stands of %s", (_name, changes, expected) => {
    expect(historyOf(...changes)).toEqual(expected);
  });

  it("leaves out what was stored under a key that could reach a prototype", () => {
    const registers = { "/properties/__proto__/isAdmin": [true, 1], "/properties/plan": ["pro", 1] } as const;
    expect(toUser("ada", registers).properties).toEqual({ plan: "pro" });
    expect(Reflect.get({}, "isAdmin")).toBeUndefined();
  });
});
