import { describe, expect, it } from "vitest";
import { parseSegmentPayload } from "../../src/segment/parse.js";
import { compileIdentity, type IdentityOptions } from "../../src/users/identity.js";

const receivedAt = new Date("2026-03-01T12:00:00Z");
const read = (event: object, options: IdentityOptions = {}) => {
  const [parsed] = parseSegmentPayload(event, { receivedAt });
  if (parsed?.ok !== true) throw new Error("not an event");
  const action = compileIdentity(options)(parsed.event);
  return action?.kind === "change" ? [action.change.id, action.change.attributes] : action;
};
const track = {
  type: "track",
  event: "E",
  userId: "ada",
  context: { traits: { email: "a@example.com", plan: "pro" } },
};

describe("what an event says about who somebody is", () => {
  it.each<[string, object, IdentityOptions, unknown]>([
    ["identify", { type: "identify", userId: "ada", traits: { email: "a@b" } }, {}, ["ada", { email: "a@b" }]],
    [
      "identify of a visitor",
      { type: "identify", anonymousId: "x", traits: { plan: "pro" } },
      {},
      { kind: "visitor", change: { anonymousId: "x", at: receivedAt, attributes: { properties: { plan: "pro" } } } },
    ],
    ["identify of nobody", { type: "identify", traits: {} }, {}, null],
    ["track, where nobody asked", track, {}, null],
    [
      "track",
      track,
      { identifyFrom: "context.traits" },
      ["ada", { email: "a@example.com", properties: { plan: "pro" } }],
    ],
    [
      "track, with the id elsewhere",
      { ...track, properties: { member: 7 } },
      { identifyFrom: { userId: "properties.member", traits: "context.traits" } },
      ["7", { email: "a@example.com", properties: { plan: "pro" } }],
    ],
    ["track of nobody", { ...track, userId: null }, { identifyFrom: "context.traits" }, null],
    ["track, with an id that is none", track, { identifyFrom: { userId: "context", traits: "context.traits" } }, null],
    ["track without traits", { ...track, context: {} }, { identifyFrom: "context.traits" }, null],
    ["track with traits that are none", { ...track, context: { traits: 7 } }, { identifyFrom: "context.traits" }, null],
    [
      "group, whose traits are the group's",
      { ...track, type: "group", groupId: 7, traits: { name: "Acme" } },
      { identifyFrom: "context.traits" },
      { kind: "group", change: { id: "7", at: receivedAt, traits: { name: "Acme" } }, member: "ada" },
    ],
    [
      "group of a visitor, without traits",
      { type: "group", groupId: "g", anonymousId: "x", traits: [] },
      {},
      { kind: "group", change: { id: "g", at: receivedAt, traits: {} }, member: null },
    ],
    ["group of none", { type: "group", userId: "ada", traits: {} }, {}, null],
    [
      "attributes in places of one's own",
      { type: "identify", userId: "ada", traits: { work_email: "w@example.com", email: "p@example.com", seats: 3 } },
      { traits: { email: "traits.work_email", name: "traits.missing" } },
      ["ada", { email: "w@example.com", properties: { work_email: "w@example.com", seats: 3 } }],
    ],
    [
      "an attribute that does not fit stays a property",
      { type: "identify", userId: "ada", traits: { home: { city: "London" } } },
      { traits: { locale: "traits.home" } },
      ["ada", { properties: { home: { city: "London" }, locale: { city: "London" } } }],
    ],
    [
      "an attribute alone",
      { type: "identify", userId: "ada", traits: {}, context: { locale: "en" } },
      { traits: { locale: "context.locale" } },
      ["ada", { locale: "en" }],
    ],
    [
      "alias",
      { type: "alias", previousId: "anon", userId: "ada" },
      {},
      { kind: "merge", from: "anon", into: "ada", at: receivedAt },
    ],
    ["alias of oneself", { type: "alias", previousId: "ada", userId: "ada" }, {}, null],
    ["alias of nothing", { type: "alias", userId: "ada" }, {}, null],
    ["alias into nobody", { type: "alias", previousId: "anon" }, {}, null],
    ["delete", { type: "delete", userId: "ada" }, {}, { kind: "delete", userId: "ada", at: receivedAt }],
    ["delete of nobody", { type: "delete" }, {}, null],
  ])("%s", (_, event, options, expected) => {
    expect(read(event, options)).toEqual(expected);
  });

  it("a path that is none is refused, by the name of the option", () => {
    expect(() => compileIdentity({ identifyFrom: "context..__proto__" })).toThrow("identifyFrom.traits");
    expect(() => compileIdentity({ traits: { email: "a[" } })).toThrow("traits.email");
  });
});
