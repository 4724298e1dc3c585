import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { compileMapping } from "../../src/mapping/mapping.js";
import type { UnresolvedPath } from "../../src/mapping/mapping-value.js";
import { nearestAmong, nearestOf } from "../../src/mapping/similarity.js";

const event: JsonObject = {
  userId: "ada",
  properties: { title: "Hi", count: 3, none: null, user: { name: "Ada" }, tags: ["a"] },
};
const resolve = (mapping: unknown) => {
  const unresolved: UnresolvedPath[] = [];
  return {
    value: compileMapping(mapping, "data").resolve(event, unresolved),
    missing: unresolved.map(({ field, path }) => `${field} ${path}`),
  };
};

describe("what mappings resolve to", () => {
  it.each<[string, unknown, unknown, string[]]>([
    ["a path", "properties.title", "Hi", []],
    ["a missing path", "properties.titel", undefined, ["data properties.titel"]],
    ["a path to null", "properties.none", null, []],
    ["a number", 7, 7, []],
    ["true", true, true, []],
    ["null", null, null, []],
    ["@literal", { "@literal": "properties.title" }, "properties.title", []],
    ["@literal of an object", { "@literal": { a: ["b"] } }, { a: ["b"] }, []],
    ["@literal null", { "@literal": null }, null, []],
    ["@path", { "@path": "properties.count" }, 3, []],
    ["@path that is missing", { "@path": "nope" }, undefined, ["data nope"]],
    ["@path with a default", { "@path": "nope", default: { x: 1 } }, { x: 1 }, []],
    ["@path that exists, with a default", { "@path": "properties.none", default: 1 }, null, []],
    ["@template", { "@template": "{{properties.title}} {{ properties.count }}!" }, "Hi 3!", []],
    ["@template of JSON", { "@template": '{"a":{"b":"{{userId}}"}}' }, '{"a":{"b":"ada"}}', []],
    ["@template without paths", { "@template": "plain" }, "plain", []],
    ["@template with an object", { "@template": "{{properties.user}}" }, '{"name":"Ada"}', []],
    [
      "@template with a list, null and nothing",
      { "@template": "{{properties.tags}}|{{properties.none}}|{{nope}}|" },
      '["a"]|||',
      ["data nope"],
    ],
    ["an object", { title: "properties.title", deep: { n: "properties.count" } }, { title: "Hi", deep: { n: 3 } }, []],
    [
      "an object with a missing member",
      { a: "userId", deep: { b: "nope" } },
      { a: "ada", deep: {} },
      ["data.deep.b nope"],
    ],
    [
      "an object with paths that begin alike, some of which lead nowhere",
      {
        x: "properties.user.nope",
        name: "properties.user.name",
        kind: { "@literal": "k" },
        y: { "@path": "properties.title.length", default: 0 },
        all: "properties.tags.nope",
        tags: "properties.tags",
        z: "nope.user.name",
        inherited: "properties.user.toString",
        none: "$.properties.none",
      },
      { name: "Ada", kind: "k", y: 0, tags: ["a"], none: null },
      [
        "data.x properties.user.nope",
        "data.all properties.tags.nope",
        "data.z nope.user.name",
        "data.inherited properties.user.toString",
      ],
    ],
    ["a list", ["userId", "nope", 1], ["ada", 1], ["data.1 nope"]],
    ["an empty object", {}, {}, []],
  ])("%s", (_, mapping, value, missing) => {
    expect(resolve(mapping)).toEqual({ value, missing });
  });

  it("reads the elements of a list that stands on the way of paths that begin alike", () => {
    const orders: JsonObject = { properties: { items: [{ id: 1, of: { name: "a" } }, { id: 2 }], total: 3 } };
    const mapping = { ids: "properties.items.id", names: "properties.items.of.name", total: "properties.total" };
    expect(compileMapping(mapping, "data").resolve(orders, [])).toEqual({ ids: [1, 2], names: ["a"], total: 3 });
  });

  it("writes the members of an object in the order of the mapping, whichever are missing", () => {
    const mapping = { b: "properties.count", z: "nope", a: "userId", c: "properties.title" };
    expect(JSON.stringify(resolve(mapping).value)).toBe('{"b":3,"a":"ada","c":"Hi"}');
  });

  it("says how far a missing path got, and what is nearest", () => {
    const unresolved: UnresolvedPath[] = [];
    compileMapping({ t: "properties.titel" }, "data").resolve(event, unresolved);
    expect(unresolved).toEqual([
      { field: "data.t", path: "properties.titel", reached: "properties", nearest: "properties.title" },
    ]);
  });
});

describe("a missing path says how far it got", () => {
  const order: JsonObject = {
    properties: { items: [{ user: { id: 1 } }, { user: { id: 2 } }], matrix: [{ cell: { at: 1 } }] },
  };
  it.each<[string, string, string | null]>([
    ["$.properties.items[*].user.idd", "$.properties.items[*].user", "$.properties.items[*].user.id"],
    ["$.properties.items[0:1].usr", "$.properties.items[0:1]", "$.properties.items[0:1].user"],
    ["$..user.idd", "$..user", "$..user.id"],
    ["$..usr", "", null],
    ["$.properties.matrix[0].cell.att", "$.properties.matrix[0].cell", "$.properties.matrix[0].cell.at"],
    ["properties.items.user.idd", "properties.items.user", "properties.items.user.id"],
    ["properties.items.0.usr", "properties.items.0", "properties.items.0.user"],
  ])("%s", (path, reached, nearest) => {
    const unresolved: UnresolvedPath[] = [];
    compileMapping(path, "data").resolve(order, unresolved);
    expect(unresolved).toMatchObject([{ path, reached, nearest }]);
  });
});

describe("mappings that are refused at registration", () => {
  const nest = (levels: number): unknown => (levels === 0 ? 1 : { a: nest(levels - 1) });
  it.each<[string, unknown, string, string]>([
    ["a bad path", "a..b..c", "CONFIG_PATH_INVALID", "data: "],
    ["a bad path inside", { deep: ["a", { b: "[" }] }, "CONFIG_PATH_INVALID", "data.deep.1.b: "],
    ["a bad path in a template", { "@template": "{{a[}}" }, "CONFIG_PATH_INVALID", "data: "],
    ["an unknown directive", { "@if": {} }, "CONFIG_TRIGGER_INVALID", "@if"],
    ["two directives", { "@path": "a", "@literal": 1 }, "CONFIG_TRIGGER_INVALID", "@literal"],
    ["a default beside @literal", { "@literal": 1, default: 2 }, "CONFIG_TRIGGER_INVALID", "default"],
    ["a @path that is no text", { "@path": 1 }, "CONFIG_TRIGGER_INVALID", "@path"],
    ["a @template that is no text", { "@template": null }, "CONFIG_TRIGGER_INVALID", "@template"],
    ["an unclosed {{", { "@template": "Hi {{properties.t}" }, "CONFIG_TRIGGER_INVALID", '"{{properties.t}"'],
    ["a {{ at the end", { "@template": "{{userId}} {{" }, "CONFIG_TRIGGER_INVALID", "no }} closes"],
    ["an undefined @literal", { "@literal": undefined }, "CONFIG_TRIGGER_INVALID", "@literal"],
    [
      "a Date as @literal",
      { "@literal": { at: new Date(0) } },
      "CONFIG_TRIGGER_INVALID",
      "at: is a Date, which is no JSON",
    ],
    [
      "a Map as @literal",
      { "@literal": { seen: new Map() } },
      "CONFIG_TRIGGER_INVALID",
      "seen: is an instance of a class",
    ],
    ["34 levels as @literal", { "@literal": nest(34) }, "CONFIG_TRIGGER_INVALID", "is nested more than 32 levels"],
    ["a bigint as @literal", { "@literal": [1n] }, "CONFIG_TRIGGER_INVALID", "0: is a bigint, which is no JSON"],
    [
      "a default that is no JSON",
      { "@path": "a", default: Symbol() },
      "CONFIG_TRIGGER_INVALID",
      "data.default: is a symbol",
    ],
    ["undefined", undefined, "CONFIG_TRIGGER_INVALID", "undefined"],
    ["a function inside", { a: () => 1 }, "CONFIG_TRIGGER_INVALID", "data.a"],
    ["a missing element", [undefined], "CONFIG_TRIGGER_INVALID", "is undefined; expected JSON"],
    ["a Date", new Date(), "CONFIG_TRIGGER_INVALID", "Date"],
    ["a Map", new Map(), "CONFIG_TRIGGER_INVALID", "object"],
    ["NaN", Number.NaN, "CONFIG_TRIGGER_INVALID", "number"],
    ["a bigint", 1n, "CONFIG_TRIGGER_INVALID", "bigint"],
    ["33 levels", nest(34), "CONFIG_TRIGGER_INVALID", "nested"],
    ["__proto__ as a key", JSON.parse('{"__proto__":"userId"}'), "CONFIG_TRIGGER_INVALID", "__proto__"],
    ["constructor as a key", { deep: JSON.parse('{"constructor":"userId"}') }, "CONFIG_TRIGGER_INVALID", "data.deep"],
  ])("%s", (_, mapping, code, message) => {
    expect(() => compileMapping(mapping, "data")).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});

it.each<[string, string[], string | null]>([
  ["user_id", ["userId", "user"], "userId"],
  ["titel", ["title", "tile", "total"], "tile"],
  ["title", ["title"], null],
  ["abc", ["xyz", "longer than that"], null],
  ["Signed Up", ["Signed Out", "Signed-Up"], "Signed-Up"],
  ["Customer Subscription Renewed", ["Customer Subscriptions Were Renewed"], null],
  ["y".repeat(101), ["y".repeat(100)], null],
  ["x", Array.from({ length: 600 }, (_, index) => `key${index}`), null],
])("nearestOf(%j, …) is %j", (wanted, candidates, expected) => {
  const found = nearestOf(wanted, candidates);
  expect(wanted === "titel" ? ["tile", "title"].includes(found ?? "") : found === expected).toBe(true);
});

it("nearestAmong lists the nearest first, and of those that are equally near the first", () => {
  const candidates = ["Signed Out", "Signed Ups", "Sign Up", "signed_up", "Order Paid", "Signed Upp"];
  expect(nearestAmong("Signed Up", candidates, 3)).toEqual(["signed_up", "Signed Ups", "Signed Upp"]);
  expect(nearestAmong("Signed Up", ["Signed Out", "signed_up"], 3)).toEqual(["signed_up", "Signed Out"]);
});

it("nearestOf finds what is within a few edits, and nothing else", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 16 });
  const editsBetween = (left: string, right: string): number => {
    if (left === "" || right === "") return left.length + right.length;
    const [a, b] = [left.slice(1), right.slice(1)];
    if (left[0] === right[0]) return editsBetween(a, b);
    return 1 + Math.min(editsBetween(a, b), editsBetween(a, right), editsBetween(left, b));
  };
  fc.assert(
    fc.property(name, fc.array(name, { maxLength: 4 }), (wanted, changes) => {
      // Of two texts at random nearly none are near.
      const candidate = changes.reduce(
        (text, part, at) => text.slice(0, at * 2) + part.slice(0, 2) + text.slice(at * 2 + (part.length % 3)),
        wanted,
      );
      fc.pre(candidate !== wanted && candidate.length < 12 && wanted.length < 12);
      const isNear = editsBetween(wanted, candidate) <= Math.min(4, Math.max(2, Math.floor(wanted.length / 3)));
      expect(nearestOf(wanted, [candidate])).toBe(isNear ? candidate : null);
    }),
  );
});

it("to search for long names among many takes little more than to search for short ones", () => {
  const search = (length: number) => {
    const names = Array.from({ length: 500 }, (_, index) => `${"x".repeat(length)}${index}`);
    const startedAt = performance.now();
    for (let index = 0; index < 40; index += 1) nearestOf(`${"x".repeat(length)}y${index}`, names);
    return performance.now() - startedAt;
  };
  search(10);
  expect(search(300)).toBeLessThan(10 * search(10) + 50);
});
