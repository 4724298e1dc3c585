import { describe, expect, it } from "vitest";
import { forgetRecipient, namesRecipient, textsOfIds } from "../../src/recipients/forget-recipient.js";

const ids: ReadonlySet<string> = new Set(["ada", "42"]);
const trigger = { action: "trigger", recipients: ["bob"], actor: null, tenant: null, data: {}, cancellationKey: null };
const cancel = { action: "cancel", recipients: null, cancellationKey: "order-1" };
const untouched = Symbol("as it was");

describe("what is left of a request when somebody is forgotten", () => {
  it.each<[string, object, object | null | typeof untouched]>([
    ["for others alone", trigger, untouched],
    ["for them and others", { ...trigger, recipients: ["ada", "bob", 42] }, { ...trigger, recipients: ["bob"] }],
    ["for them alone", { ...trigger, recipients: ["ada", { id: 42, email: "a@example.com" }] }, null],
    ["by them", { ...trigger, actor: { id: 42, name: "Ada" } }, { ...trigger, actor: null }],
    ["of an object of the same id", { ...trigger, actor: { collection: "bots", id: "ada" } }, untouched],
    ["with them as tenant", { ...trigger, tenant: "ada" }, { ...trigger, tenant: null }],
    [
      "with them in its data",
      {
        ...trigger,
        actor: "ada",
        data: { by: "ada", to: ["ada", { id: 42 }, "bob"], deep: { id: 7, of: { id: "ada" } } },
      },
      { ...trigger, data: { by: null, to: ["bob"], deep: { id: 7, of: null } } },
    ],
    [
      "that excludes them",
      { ...trigger, action: "expand", exclude: ["ada"] },
      { ...trigger, action: "expand", exclude: [] },
    ],
    ["that cancels for them", { ...cancel, recipients: ["ada", "bob"] }, { ...cancel, recipients: ["bob"] }],
    ["that cancels by their id", { ...cancel, cancellationKey: "ada" }, null],
    ["that can be canceled by their id", { ...trigger, cancellationKey: "42" }, { ...trigger, cancellationKey: null }],
  ])("%s", (_name, request, expected) => {
    const text = JSON.stringify(request);
    const left = forgetRecipient(text, ids);
    if (expected === untouched) expect(JSON.parse(left ?? "null")).toEqual(request);
    else if (expected === null) expect(left).toBeNull();
    else expect(JSON.parse(left ?? "null")).toEqual(expected);
  });
});

it("a request names its recipients and its actor, and whom it only tells of it does not", () => {
  const names = (request: object) => namesRecipient(JSON.stringify(request), ids);
  expect(names({ ...trigger, recipients: [42] })).toBe(true);
  expect(names({ ...trigger, actor: "ada" })).toBe(true);
  expect(names({ ...trigger, data: { by: "ada" } })).toBe(false);
  expect(names(trigger)).toBe(false);
  expect(textsOfIds(ids)).toEqual(['"ada"', "42"]);
});
