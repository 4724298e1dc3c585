import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunkRecipients } from "../../src/recipients/chunk-recipients.js";
import { isInlineUser, isObjectReference, recipientKey, recipientKeyText } from "../../src/recipients/recipient-key.js";
import { resolveActor, resolveRecipients, resolveTenant } from "../../src/recipients/resolve-recipients.js";

const nested = (levels: number): never => (levels === 0 ? "ada" : [nested(levels - 1)]) as never;

describe("resolveRecipients", () => {
  it.each<[string, unknown, unknown]>([
    ["an id", "ada", ["ada"]],
    ["a number", 42, ["42"]],
    ["zero", 0, ["0"]],
    ["a list", ["ada", 7, "grace"], ["ada", "7", "grace"]],
    ["nested lists", ["ada", [["grace"], [[1]]]], ["ada", "grace", "1"]],
    ["nothing", undefined, []],
    ["an empty list", [], []],
    ["duplicates", ["ada", "ada", 1, "1"], ["ada", "1"]],
    ["an inline user", { id: "ada", email: "a@example.com" }, [{ id: "ada", email: "a@example.com" }]],
    ["an inline user with a number for an id", { id: 7 }, [{ id: "7" }]],
    ["an id, then the same user described", ["ada", { id: "ada", name: "Ada" }], [{ id: "ada", name: "Ada" }]],
    ["the user described, then their id", [{ id: "ada", name: "Ada" }, "ada"], [{ id: "ada", name: "Ada" }]],
    [
      "the same user described twice",
      [
        { id: "ada", name: "A" },
        { id: "ada", name: "B" },
      ],
      [{ id: "ada", name: "A" }],
    ],
    ["an object", { collection: "teams", id: 5, name: "x" }, [{ collection: "teams", id: "5", name: "x" }]],
    ["an object and a user of one id", ["5", { collection: "teams", id: 5 }], ["5", { collection: "teams", id: "5" }]],
    ["ids with odd characters", ["a/b", "a#b", "ä", "a b"], ["a/b", "a#b", "ä", "a b"]],
    [
      "extras",
      { id: "a", $trigger_data: { x: 1 }, channel_data: {}, preferences: {} },
      [{ id: "a", $trigger_data: { x: 1 }, channel_data: {}, preferences: {} }],
    ],
    ["prototype keys", JSON.parse('{"id":"a","__proto__":{"x":1},"constructor":2,"ok":3}'), [{ id: "a", ok: 3 }]],
    [
      "prototype keys further in",
      JSON.parse('{"id":"a","name":{"constructor":1,"list":[{"prototype":2,"ok":null}]}}'),
      [{ id: "a", name: { list: [{ ok: null }] } }],
    ],
    ["the largest exact number", 2 ** 53 - 1, ["9007199254740991"]],
    ["a fraction", 1.5, ["1.5"]],
  ])("%s", (_, value, expected) => {
    const resolved = resolveRecipients(value as never);
    expect(resolved).toEqual({ recipients: expected, rejected: [] });
  });

  it.each<[string, unknown, RegExp]>([
    ["null", null, /is null/],
    ["an empty text", "", /empty text/],
    ["white space", "  ", /empty text/],
    ["true", true, /boolean/],
    ["NaN", Number.NaN, /number/],
    ["Infinity", Number.POSITIVE_INFINITY, /number/],
    ["a number that is not exact", 2 ** 53, /number too large to be exact; send it as text/],
    ["an inline user with such an id", { id: -1e21 }, /object whose id is a number too large/],
    ["10 KB", "x".repeat(10_000), /10000 characters/],
    ["a control character", "a\u0000b", /control/],
    ["a line break", "a\nb", /control/],
    ["an object without id", { email: "secret@example.com" }, /without a usable id/],
    ["an object with an object for an id", { id: {} }, /without a usable id/],
    ["an object with an empty collection", { collection: "", id: "a" }, /without a usable collection/],
    ["an object with a null collection", { collection: null, id: "a" }, /without a usable collection/],
    ["33 levels of lists", nested(34), /nested/],
  ])("refuses %s, and keeps the others", (_, bad, message) => {
    const { recipients, rejected } = resolveRecipients(["ada", bad as never, "grace"]);
    expect(recipients).toEqual(["ada", "grace"]);
    expect(rejected).toEqual([
      { recipient: "#1", reason: "recipient_invalid", message: expect.stringMatching(message) },
    ]);
    expect(rejected[0]?.message).not.toContain("secret");
  });

  it.each<[unknown, unknown]>([
    ["ada", "ada"],
    [{ id: "ada", name: "A" }, "ada"],
  ])("takes the actor %j out, once, with the reason", (actor, exclude) => {
    const { recipients, rejected } = resolveRecipients(["grace", actor as never, "ada"], { exclude: exclude as never });
    expect(recipients).toEqual(["grace"]);
    expect(rejected).toEqual([{ recipient: "ada", reason: "is_actor", message: expect.any(String) }]);
  });

  it("100,000 recipients take no longer than they must", () => {
    const many = Array.from({ length: 100_000 }, (_, index) => `user-${index % 60_000}`);
    expect(resolveRecipients(many).recipients).toHaveLength(60_000);
  });

  it("never throws, and what it gives resolves to itself", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { recipients } = resolveRecipients(value as never);
        expect(resolveRecipients(recipients)).toEqual({ recipients, rejected: [] });
        const keys = recipients.map((recipient) => recipientKeyText(recipientKey(recipient)));
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });
});

describe("resolveActor and resolveTenant", () => {
  it.each<[unknown, unknown]>([
    ["ada", "ada"],
    [7, "7"],
    [{ id: "a" }, { id: "a" }],
    [
      { collection: "c", id: "a" },
      { collection: "c", id: "a" },
    ],
    [null, null],
  ])("%j", (value, expected) => {
    expect(resolveActor(value as never)).toEqual({ actor: expected, message: null });
    expect(resolveTenant(value as never)).toEqual({ tenant: expected, message: null });
  });

  it.each([[["a"]], [{}], [true], [""], [2 ** 53], [{ id: 2 ** 53 }]])("%j is none, and it says why", (value) => {
    expect(resolveActor(value as never)).toEqual({ actor: null, message: expect.stringContaining("The actor ") });
    expect(resolveTenant(value as never)).toEqual({ tenant: null, message: expect.stringContaining("The tenant ") });
  });
});

it("tells the kinds of recipients apart", () => {
  const kinds = ["a", { id: "a" }, { collection: "c", id: "a" }].map((one) => [
    isInlineUser(one),
    isObjectReference(one),
  ]);
  expect(kinds).toEqual([
    [false, false],
    [true, false],
    [false, true],
  ]);
});

it("chunks hold the maximum, and the last one the rest", () => {
  expect(chunkRecipients([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect([chunkRecipients([1, 2], null), chunkRecipients([1, 2], 2), chunkRecipients([], 2)]).toEqual([
    [[1, 2]],
    [[1, 2]],
    [],
  ]);
});

it("chunks are a partition in order, none larger than the maximum", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.option(fc.integer({ min: 1, max: 10 })), (items, max) => {
      const chunks = chunkRecipients(items, max);
      expect(chunks.flat()).toEqual(items);
      expect(chunks.every((chunk) => chunk.length > 0 && (max === null || chunk.length <= max))).toBe(true);
    }),
  );
});
