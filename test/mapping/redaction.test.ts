import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { compileRedaction } from "../../src/mapping/redaction.js";

const event: JsonObject = {
  userId: "ada",
  properties: {
    card: { number: "4242", last4: "42" },
    people: [{ email: "a", id: 1 }, { id: 2 }, "b"],
    list: [1, 2, 3],
    "7": "seven",
  },
};

describe("redaction", () => {
  it.each<[string[], unknown]>([
    [[], properties()],
    [["properties.card"], { ...properties(), card: undefined }],
    [["properties.card.number"], { ...properties(), card: { last4: "42" } }],
    [["properties.card.*"], { ...properties(), card: {} }],
    [["properties.*.number"], { ...properties(), card: { last4: "42" } }],
    [["properties.people.email"], { ...properties(), people: [{ id: 1 }, { id: 2 }, "b"] }],
    [["properties.people[*].email"], { ...properties(), people: [{ id: 1 }, { id: 2 }, "b"] }],
    [["properties.people[*]"], { ...properties(), people: [] }],
    [["properties.people[0].email"], { ...properties(), people: [{ id: 1 }, { id: 2 }, "b"] }],
    [["properties.list[1]"], { ...properties(), list: [1, null, 3] }],
    [["properties.list[-1]"], { ...properties(), list: [1, 2, null] }],
    [["properties.list[9]"], properties()],
    [["*.card"], { ...properties(), card: undefined }],
    [["properties.people.0.email"], { ...properties(), people: [{ id: 1 }, { id: 2 }, "b"] }],
    [["properties.7"], { ...properties(), "7": undefined }],
    [["properties.nope", "properties.card.number.deeper", "userId.x"], properties()],
    [["properties.card.number", "properties.card.last4"], { ...properties(), card: {} }],
  ])("%j", (paths, expected) => {
    const before = JSON.stringify(event);
    expect(compileRedaction(paths)(event)).toEqual({ ...event, properties: expected });
    expect(JSON.stringify(event)).toBe(before);
  });

  it.each(["..email", "properties..email", "properties.list[0:1]", "a[", "__proto__"])("refuses %s", (path) => {
    expect(() => compileRedaction([path])).toThrow(/^redact: /);
  });

  it("done twice is done once", () => {
    const path = fc.constantFrom(
      "properties.card",
      "properties.people.email",
      "properties.*",
      "properties.list[0]",
      "userId",
    );
    fc.assert(
      fc.property(fc.array(path), (paths) => {
        const redact = compileRedaction(paths);
        expect(redact(redact(event) as JsonObject)).toEqual(redact(event));
      }),
    );
  });
});

function properties() {
  return event["properties"] as JsonObject;
}
