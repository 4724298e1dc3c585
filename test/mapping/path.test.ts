import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { compilePath } from "../../src/mapping/path.js";

const event: JsonObject = JSON.parse(`{
  "type": "track", "userId": "ada", "zero": 0, "no": false, "none": null, "empty": "",
  "properties": {
    "title": "Hi", "total billed": 830, "total-billed": 831, "größe": 4, "a.b": "dotted", "$price": 5, "it's": 1, "123": "digits",
    "items": [{ "id": 1, "tags": ["x", "y"] }, { "id": 2, "tags": ["z"] }, { "name": "no id" }],
    "matrix": [[1, 2], [3]], "nothing": [], "groups": [{ "members": [{ "ref": "m-1" }, { "ref": "m-2" }, {}] }], "nested": { "deep": { "deeper": { "id": "bottom" } } },
    "__proto__": { "polluted": true }, "constructor": { "name": "own" }
  },
  "context": { "groupId": "acme", "traits": { "email": "ada@example.com" } }
}`);
const read = (path: string) => compilePath(path, "data.title").read(event);

describe("dot paths", () => {
  it.each<[string, unknown]>([
    ["userId", "ada"],
    ["zero", 0],
    ["no", false],
    ["none", null],
    ["empty", ""],
    ["properties.title", "Hi"],
    ["properties.total billed", 830],
    ["properties.total-billed", 831],
    ["properties.größe", 4],
    ["properties.$price", 5],
    ["properties['a.b']", "dotted"],
    ['properties["a.b"]', "dotted"],
    ["properties['it\\'s']", 1],
    ["properties.123", "digits"],
    ["['userId']", "ada"],
    ["properties.items.0.id", 1],
    ["properties.items[0].id", 1],
    ["properties.items[-1].name", "no id"],
    ["properties.items.7.id", undefined],
    ["properties.items.id", [1, 2]],
    ["properties.items[*].id", [1, 2]],
    ["properties.items.*.id", [1, 2]],
    ["properties.items.tags", ["x", "y", "z"]],
    ["properties.items[*].tags[*]", ["x", "y", "z"]],
    ["properties.items[*].tags[0]", ["x", "z"]],
    ["properties.items[0:1].id", [1]],
    ["properties.groups[0:1].members.ref", ["m-1", "m-2"]],
    ["properties.items[1:].id", [2]],
    ["properties.items[:1].id", [1]],
    ["properties..email", undefined],
    ["context..email", ["ada@example.com"]],
    ["properties.items.missing", undefined],
    ["properties.nothing", []],
    ["properties.nothing.id", []],
    ["properties.matrix", [[1, 2], [3]]],
    ["properties.matrix[*]", [1, 2, 3]],
    ["context[*]", ["acme", { email: "ada@example.com" }]],
    ["properties.title.length", undefined],
    ["properties.title[*]", undefined],
    ["properties.items.length", undefined],
    ["zero.toFixed", undefined],
    ["zero.0", undefined],
    ["userId[0]", undefined],
    ["none.x", undefined],
    ["properties.toString", undefined],
    ["hasOwnProperty", undefined],
    ["valueOf.name", undefined],
  ])("%s", (path, expected) => {
    expect(read(path)).toEqual(expected);
  });
});

describe("JSONPath", () => {
  it.each<[string, unknown]>([
    ["$.userId", "ada"],
    ["$['userId']", "ada"],
    ["$.properties.items[0].id", 1],
    ["$.properties.items[-1].name", "no id"],
    ["$.properties.items[*].id", [1, 2]],
    ["$.properties.items[*].tags[*]", ["x", "y", "z"]],
    ["$.properties.items[*].tags[-1]", ["y", "z"]],
    ["$.properties.items[*].tags[-2]", ["x"]],
    ["$.properties.items[0:2].id", [1, 2]],
    ["$.properties.items[*].tags[0]", ["x", "z"]],
    ["$.properties.items.id", undefined],
    ["$..id", [1, 2, "bottom"]],
    ["$.properties['total billed']", 830],
    ["$.properties.*.deep", [{ deeper: { id: "bottom" } }]],
    ["$.properties.none[*]", undefined],
    ["$.toString", undefined],
  ])("%s", (path, expected) => {
    expect(read(path)).toEqual(expected);
  });
});

describe("paths that are refused at registration", () => {
  it.each<[path: string, column: number]>([
    ["", 1],
    ["$", 1],
    [".", 1],
    [" ", 1],
    ["a.", 3],
    [".a", 1],
    ["a..", 4],
    ["a...b", 4],
    ["a..b..c", 7],
    ["$..a..b", 8],
    ["a b.", 5],
    [" a", 1],
    ["a ", 2],
    ["a[", 3],
    ["a]", 2],
    ["a[]", 3],
    ["a[b]", 3],
    ["a['b]", 3],
    ["a['b'", 6],
    ["a[1.5]", 4],
    ["a[1,2]", 4],
    ["a['b','c']", 6],
    ["a[(@.length-1)]", 3],
    ["a[?(@.b)]", 3],
    ["$[", 3],
    ["$.", 3],
    ["$.a[?(@.x>1)]", 5],
    ["$..[?(@.constructor)]", 4],
    ["$.a[(constructor.constructor('return process')())]", 5],
    ["$[?(require('child_process'))]", 3],
    ["$.a^", 4],
    ["$.a~", 4],
    ["$.a@string()", 4],
    ["$.`a", 3],
    ["$.a()", 4],
    ["a{b}", 2],
    ["a|b", 2],
    ["a\u0000b", 2],
    ["a\nb", 2],
    ["__proto__", 1],
    ["a.__proto__.b", 3],
    ["a['__proto__']", 5],
    ["constructor.name", 1],
    ["a.constructor", 3],
    ["a.prototype", 3],
    ["$.constructor", 3],
    ["$..__proto__", 4],
    ["$..$", 4],
    ["a[99999999999]", 3],
    ["x".repeat(257), 257],
    [Array.from({ length: 33 }, () => "a").join("."), 66],
  ])("%j points at column %i", (path, column) => {
    expect(() => compilePath(path, "recipients")).toThrow(
      expect.objectContaining({
        code: "CONFIG_PATH_INVALID",
        message: expect.stringContaining("recipients: the path "),
        details: expect.objectContaining({
          field: "recipients",
          column: expect.toSatisfy((found: number) => Math.abs(found - column) <= 1),
        }),
      }),
    );
  });
});

describe("resource bombs take no time", () => {
  const deep = JSON.parse(`${'{"a":'.repeat(60)}1${"}".repeat(60)}`) as JsonObject;
  const wide: JsonObject = { list: Array.from({ length: 10_000 }, (_, id) => ({ id, tags: ["x"] })) };
  it.each<[string, JsonObject]>([
    ["$..a", deep],
    ["a..a", deep],
    ["list.tags", wide],
    ["$.list[*].tags[*]", wide],
    ["$..id", wide],
    ["*.*.*.*.*.*.*.*", wide],
    [`list${"[*]".repeat(31)}`, wide],
    ["list[0:9999].id", wide],
  ])("%s", (path, root) => {
    const startedAt = performance.now();
    compilePath(path, "data").read(root);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe("explain", () => {
  it.each([
    ["properties.titel", "properties", "properties.title"],
    ["properties.Title", "properties", "properties.title"],
    ["propertys.title", "", "properties"],
    ["properties.nested.deep.deepr.id", "properties.nested.deep", "properties.nested.deep.deeper"],
    ["properties.items.Id", "properties.items", "properties.items.id"],
    ["properties.items.7.id", "properties.items", null],
    ["properties.title.length", "properties.title", null],
    ["user_id", "", "userId"],
    ["context..emial", "context", null],
    ["xyz", "", null],
    ["userId", "userId", null],
    ["$.properties.titel", "$.properties", "$.properties.title"],
    ["$.propertys.title", "", "$.properties"],
    ["$.properties.items.idd", "$.properties.items", "$.properties.items[*].id"],
    ["$.properties.items.id", "$.properties.items", "$.properties.items[*].id"],
    ["$.properties.items[*].idd", "$.properties.items[*]", "$.properties.items[*].id"],
  ])("%s exists up to %j; nearest %j", (path, reached, nearest) => {
    expect(compilePath(path, "data").explain(event)).toEqual({ reached, nearest });
  });
});

describe("what explain takes for meant leads there", () => {
  const odd = ["plan.name", "it's", 'a "b"', "a\\b", " plan", "plan/name", "a[0]", "**", "$", "12", "plan name"];
  it.each(odd)("%j", (name) => {
    const root = { properties: { [name]: "pro" }, [name]: "team" };
    const nearest = (path: string) => compilePath(path, "data").explain(root).nearest ?? "none";
    const quoted = JSON.stringify(`${name}x`);
    expect(compilePath(nearest(`properties[${quoted}]`), "data").read(root)).toBe("pro");
    expect(compilePath(nearest(`$.properties[${quoted}]`), "data").read(root)).toBe("pro");
    expect(compilePath(nearest(`[${quoted}]`), "data").read(root)).toBe("team");
  });

  it("also where the dots of a name were written as steps", () => {
    const root = { properties: { "utm.source.id": "a", lists: [{ "b.c": 1 }] } };
    const nearest = (path: string) => compilePath(path, "data").explain(root).nearest;
    expect(nearest("properties.utm.source.id.x")).toBe("properties['utm.source.id']");
    expect(nearest("properties.lists.b.c")).toBe("properties.lists['b.c']");
    expect(nearest("$.properties.lists.b.c")).toBe("$.properties.lists[*]['b.c']");
    expect(nearest("properties.utm[0].id")).toBeNull();
  });

  it("and is no name that no path may have", () => {
    expect(compilePath("constructo", "data").explain({ constructor: 1 }).nearest).toBeNull();
  });
});

it("a compiled dot path reads what a plain reader reads", () => {
  const key = fc.constantFrom("a", "b", "c d", "0", "é");
  const root = fc.object({ key, maxDepth: 3, maxKeys: 4, values: [fc.integer()], withNullPrototype: false });
  const member = (value: unknown, name: string): unknown =>
    typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
  fc.assert(
    fc.property(root, fc.array(key, { minLength: 1, maxLength: 4 }), (value, keys) => {
      // Through an array a name reads every element; the tables above say so.
      fc.pre(!JSON.stringify(value).includes("["));
      expect(compilePath(keys.join("."), "data").read(value as JsonObject)).toEqual(keys.reduce(member, value));
    }),
  );
});

describe("names that a JSONPath library takes for syntax are read as names", () => {
  const odd = ["*", "^", "~", "$", "@", "..", "1:2", "-1", "length", "`a", "a.b", "?(1)", "0", ""];
  it.each(odd)("%j", (name) => {
    const quoted = `['${name}']`;
    const root = { all: [{ [name]: 1, other: 9 }, { [name]: 2 }, ["x"], "text", null, { other: 9 }] };
    expect(compilePath(`$.all[*]${quoted}`, "data").read(root)).toEqual([1, 2]);
    expect(compilePath(`$.all[0]${quoted}`, "data").read(root)).toBe(1);
  });
});

it("any JSONPath reads what a plain reader reads", () => {
  const keys = ["a", "b", "0", "length", "-1", "*", "toString"];
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(1, null, "text", ""),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...keys), tie("value"), { maxKeys: 4 }),
    ),
  }));
  const root = fc.dictionary(fc.constantFrom(...keys), value, { minKeys: 1, maxKeys: 4 });
  const at = fc.integer({ min: -3, max: 4 });
  const step = fc.oneof(
    fc.constantFrom(...keys).map((name) => ({ text: `['${name}']`, walk: (of: unknown) => member(of, name) })),
    at.map((index) => ({
      text: `[${index}]`,
      walk: (of: unknown) => (Array.isArray(of) ? of.slice(index, index + 1 || undefined) : member(of, String(index))),
    })),
    fc.constant({ text: "[*]", walk: children }),
    fc.tuple(at, at).map(([from, to]) => ({
      text: `[${from}:${to}]`,
      walk: (of: unknown) => (Array.isArray(of) ? of.slice(from, to) : []),
    })),
    fc
      .constantFrom("a", "0", "length")
      .map((name) => ({ text: `..${name}`, walk: (of: unknown) => descend(of, name) })),
  );
  const steps = fc.array(step, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(root, steps, (event, taken) => {
      const path = `$${taken.map(({ text }) => text).join("")}`;
      fc.pre(path.split("..").length <= 2);
      const expected = taken.reduce<unknown[]>((found, { walk }) => found.flatMap((one) => walk(one)), [event]);
      const isDefinite = !/\[\*|:|\.\./.test(path.replaceAll("['*']", ""));
      const found = compilePath(path, "data").read(event as JsonObject);
      const list = isDefinite ? [found].filter((one) => one !== undefined) : (found ?? []);
      expect(asSet(list)).toEqual(asSet(expected));
    }),
    { numRuns: 1_000 },
  );
});

const asSet = (list: unknown) => (list as unknown[]).map((one) => JSON.stringify(one)).sort();
const children = (of: unknown): unknown[] => (typeof of === "object" && of !== null ? Object.values(of) : []);
const member = (of: unknown, name: string): unknown[] =>
  typeof of === "object" && of !== null && !Array.isArray(of) && Object.hasOwn(of, name) ? [Reflect.get(of, name)] : [];
const descend = (of: unknown, name: string): unknown[] => [
  ...member(of, name),
  ...children(of).flatMap((child) => descend(child, name)),
];

it("an arbitrary text either compiles or is refused with our error", () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(
          "$",
          ".",
          "[",
          "]",
          "'",
          '"',
          "*",
          "?",
          "(",
          ")",
          "@",
          "a",
          "0",
          ":",
          "-",
          " ",
          "\\",
          "^",
        ),
      }),
      (path) => {
        try {
          compilePath(path, "data").read(event);
        } catch (error) {
          expect(error).toMatchObject({ code: "CONFIG_PATH_INVALID" });
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
