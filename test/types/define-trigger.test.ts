import { defineEvent, defineTrigger, type EventPath, type TriggerDefinition } from "bellwire";
import { createTestSource } from "bellwire/testing";
import * as v from "valibot";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";

const comment = defineEvent(
  "Comment Created",
  z.object({
    title: z.string(),
    commenter: z.object({ id: z.string(), team: z.object({ name: z.string() }).optional() }),
    mentioned: z.array(z.string()),
    items: z.array(z.object({ sku: z.string() })),
    labels: z.record(z.string(), z.string()),
    anything: z.unknown(),
  }),
);
const base = { key: "k", event: comment, workflow: "w" } as const;
const untyped = { key: "k", event: "Comment Created", workflow: "w" } as const;

describe("paths of a typed event", () => {
  it("that exist compile", () => {
    const paths = [
      defineTrigger({ ...base, recipients: "properties.mentioned" }),
      defineTrigger({ ...base, recipients: "properties.commenter.id" }),
      defineTrigger({ ...base, recipients: "properties.commenter.team.name" }),
      defineTrigger({ ...base, recipients: "properties.items.sku" }),
      defineTrigger({ ...base, recipients: "properties.items.0.sku" }),
      defineTrigger({ ...base, recipients: "properties.items[0].sku" }),
      defineTrigger({ ...base, recipients: "properties.items[*].sku" }),
      defineTrigger({ ...base, recipients: "properties.labels.any" }),
      defineTrigger({ ...base, recipients: "properties.anything.goes.here" }),
      defineTrigger({ ...base, recipients: "context.traits.email" }),
      defineTrigger({ ...base, recipients: "userId", tenant: "context.groupId" }),
      defineTrigger({ ...base, recipients: "$.properties.whatever[*]" }),
      defineTrigger({
        ...base,
        recipients: ["userId", { "@path": "properties.title", default: "x" }, { "@literal": "ops" }],
      }),
    ];
    expectTypeOf(paths).toEqualTypeOf<TriggerDefinition[]>();
  });

  it("that do not exist do not compile", () => {
    // @ts-expect-error a typo in the first step
    defineTrigger({ ...base, recipients: "propertys.mentioned" });
    // @ts-expect-error a typo in the second
    defineTrigger({ ...base, recipients: "properties.mentoined" });
    // @ts-expect-error a typo further down
    defineTrigger({ ...base, recipients: "properties.commenter.ID" });
    // @ts-expect-error a typo behind an index
    defineTrigger({ ...base, recipients: "properties.items.0.skuu" });
    // @ts-expect-error a typo behind an array
    defineTrigger({ ...base, recipients: "properties.items.skuu" });
    // @ts-expect-error a typo in another field
    defineTrigger({ ...base, recipients: "userId", actor: "properties.commenter.idd" });
    // @ts-expect-error a typo inside data
    defineTrigger({ ...base, recipients: "userId", data: { deep: { title: "properties.titel" } } });
    // @ts-expect-error a typo in a directive
    defineTrigger({ ...base, recipients: { "@path": "properties.titel" } });
    // @ts-expect-error a typo in a condition
    defineTrigger({ ...base, recipients: "userId", when: { path: "properties.titel", operator: "exists" } });
    // @ts-expect-error an unknown operator
    defineTrigger({ ...base, recipients: "userId", when: { path: "properties.title", operator: "equals", value: 1 } });
    // @ts-expect-error no recipients
    defineTrigger({ ...base });
    // @ts-expect-error a cancel without a key
    defineTrigger({ ...base, action: "cancel" });
  });

  it("name members with a dot in quotes, as the grammar of paths does", () => {
    type Paths = EventPath<{
      "plan.name": string;
      "*": string;
      "it's": { id: string };
      "two words": string;
      items?: { "sku.id": { size: string } }[];
      labels: Record<string, string>;
      anything: unknown;
    }>;
    const paths: Paths[] = [
      "properties['plan.name']",
      "properties['*']",
      `properties["it's"].id`,
      "properties.two words",
      "properties.items['sku.id'].size",
      "properties.items[0]['sku.id']",
      "properties.items.0['sku.id']",
      "properties.labels['a.b']",
      "properties.anything['a.b']",
    ];
    // @ts-expect-error two steps, of which there is not even the first
    paths.push("properties.plan.name");
    // @ts-expect-error the same in a list
    paths.push("properties.items.sku.id");
    // @ts-expect-error every member
    paths.push("properties.*");
    // @ts-expect-error a typo in quotes
    paths.push("properties['plan.nam']");
    expect(
      createTestSource({ triggers: paths.map((path) => ({ ...untyped, key: path, recipients: path })) }),
    ).toBeDefined();
  });

  it("any path goes for an event that is only a name", () => {
    defineTrigger({ key: "k", event: "Comment Created", workflow: "w", recipients: "properties.whatever" });
    defineTrigger({ key: "k", event: { type: "page" }, workflow: "w", recipients: "properties.whatever" });
  });
});

it("functions see the event as the schema makes it", () => {
  defineTrigger({
    ...base,
    recipients: (event) => {
      expectTypeOf(event.properties.mentioned).toEqualTypeOf<string[]>();
      return event.properties.mentioned;
    },
    when: (event) => event.properties.title !== "",
    // @ts-expect-error there is no such property
    data: (event) => event.properties.titel,
  });
});

describe("functions that return a promise", () => {
  const lookUp = (event: { readonly userId?: unknown }) => Promise.resolve([event.userId]);

  it("do not compile, in any field", () => {
    // @ts-expect-error recipients
    defineTrigger({ ...base, recipients: async (event) => event.properties.mentioned });
    // @ts-expect-error a function that is defined elsewhere
    defineTrigger({ ...base, recipients: lookUp });
    // @ts-expect-error a promise in one of two cases
    defineTrigger({ ...base, recipients: (event) => (event.userId === "ada" ? "ada" : Promise.resolve("grace")) });
    // @ts-expect-error an event that is only a name
    defineTrigger({ ...untyped, recipients: async (event) => event.properties["mentioned"] });
    // @ts-expect-error actor
    defineTrigger({ ...base, recipients: "userId", actor: async (event) => event.userId });
    // @ts-expect-error tenant
    defineTrigger({ ...base, recipients: "userId", tenant: async (event) => event.groupId });
    // @ts-expect-error data
    defineTrigger({ ...base, recipients: "userId", data: async (event) => ({ title: event.properties.title }) });
    // @ts-expect-error when: a promise is truthy
    defineTrigger({ ...base, recipients: "userId", when: async (event) => event.properties.title !== "" });
    // @ts-expect-error cancellationKey
    defineTrigger({ ...base, recipients: "userId", cancellationKey: async (event) => event.properties.title });
    // @ts-expect-error the key of a cancel
    defineTrigger({ ...base, action: "cancel", cancellationKey: async (event) => event.properties.title });
  });

  it("are not confused with those of which the compiler knows little", () => {
    const anyOf = JSON.parse;
    defineTrigger({
      ...base,
      recipients: (event) => event.properties.anything,
      actor: () => anyOf("null"),
      tenant: () => undefined,
      cancellationKey: () => {
        throw new Error("never comes back");
      },
      when: (event) => event.properties.commenter.team,
      data: (event) => ({ anything: event.properties.anything, at: new Date() }),
    });
    defineTrigger({ ...base, recipients: (event) => [event.properties.title, { id: event.userId, roles: [] }] });
    defineTrigger({ ...untyped, recipients: (event) => event.properties["mentioned"], when: () => [] });
    const again = defineTrigger({ ...defineTrigger({ ...base, recipients: "userId" }), recipients: () => ["ada"] });
    expectTypeOf(again).toEqualTypeOf<TriggerDefinition>();
  });
});

it("any Standard Schema will do", () => {
  const event = defineEvent("Ordered", v.object({ total: v.number(), lines: v.array(v.object({ sku: v.string() })) }));
  defineTrigger({ key: "k", event, workflow: "w", recipients: "properties.lines.sku" });
  // @ts-expect-error a typo
  defineTrigger({ key: "k", event, workflow: "w", recipients: "properties.lines.sku2" });
});
