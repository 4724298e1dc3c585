import { expect, it } from "vitest";
import { toDefinition, toDraft } from "../../src/console/client/trigger-draft.js";

const base = { key: "order", event: "Paid", workflow: "receipt", recipients: "userId" };
const big = { path: "properties.total", operator: "greater_than", value: 100 };

it.each([
  base,
  { ...base, event: { type: "page" } },
  { ...base, event: { name: "Pricing", type: "page" } },
  { ...base, recipients: ["ada", "grace"], actor: "userId", tenant: { "@literal": "docs" }, excludeActor: true },
  { ...base, data: { title: "properties.title", app: { "@literal": "docs" }, none: null }, maxEventAge: "24h" },
  { ...base, when: big },
  { ...base, when: { all: [big, { path: "userId", operator: "exists" }, { ...big, value: "100" }] } },
])("the form shows %j, and says the same", (definition) => {
  expect(toDefinition(toDraft(definition) ?? expect.fail("not shown"))).toEqual(definition);
});

it.each([
  { ...base, data: {} },
  { ...base, data: { total: "12" } },
  { ...base, event: { type: "track" } },
  { ...base, maxEventAge: 3_600_000 },
  { ...base, active: false },
  { ...base, action: "cancel", cancellationKey: "properties.id" },
  { ...base, when: { any: [big] } },
  { ...base, when: { all: [{ not: big }] } },
])("the form would say %j otherwise, and leaves it to JSON", (definition) => {
  expect(toDraft(definition)).toBeNull();
});
