import { type } from "arktype";
import { defineEvent, defineTrigger, defineWorkflow, type TriggerDefinition } from "bellwire";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";

const comment = defineEvent(
  "Comment Created",
  z.object({
    title: z.string(),
    score: z.number(),
    note: z.string().nullable(),
    team: z.object({ name: z.string(), tags: z.array(z.string()) }).optional(),
    author: z.object({ id: z.string(), at: z.date() }),
    items: z.array(z.object({ sku: z.string(), sizes: z.array(z.number()) })),
    labels: z.record(z.string(), z.string()),
    anything: z.unknown(),
  }),
);
const base = { key: "k", event: comment, recipients: "userId" } as const;
const untyped = { key: "k", event: "Comment Created", recipients: "userId" } as const;

const workflowOf = <Data>(schema: z.ZodType<unknown, Data>) => defineWorkflow("new-comment", schema);
const titled = defineWorkflow("new-comment", z.object({ title: z.string(), team: z.string().optional() }));
const text = workflowOf(z.object({ it: z.string() }));
const number = workflowOf(z.object({ it: z.number() }));
const texts = workflowOf(z.object({ it: z.array(z.string()) }));
const numbers = workflowOf(z.object({ it: z.array(z.number()) }));
const maybe = workflowOf(z.object({ it: z.string().optional() }));
const nullable = workflowOf(z.object({ it: z.string().nullable() }));

describe("data that fits its workflow compiles", () => {
  it("by paths", () => {
    const triggers = [
      defineTrigger({ ...base, workflow: titled, data: { title: "properties.title", team: "properties.team.name" } }),
      defineTrigger({ ...base, workflow: titled, data: { title: "properties.title" } }),
      defineTrigger({ ...base, workflow: titled, data: { title: "properties.title", more: "properties.score" } }),
      defineTrigger({ ...base, workflow: text, data: { it: "properties.author.id" } }),
      defineTrigger({ ...base, workflow: text, data: { it: "properties.author.at" } }),
      defineTrigger({ ...base, workflow: number, data: { it: "properties.score" } }),
      defineTrigger({ ...base, workflow: texts, data: { it: "properties.items.sku" } }),
      defineTrigger({ ...base, workflow: texts, data: { it: ["properties.title", "properties.team.name"] } }),
      defineTrigger({ ...base, workflow: numbers, data: { it: "properties.items.sizes" } }),
      defineTrigger({ ...base, workflow: maybe, data: { it: "properties.items.0.sku" } }),
      defineTrigger({ ...base, workflow: maybe, data: { it: "properties.labels.any" } }),
      defineTrigger({ ...base, workflow: nullable, data: { it: "properties.note" } }),
    ];
    expectTypeOf(triggers).toEqualTypeOf<TriggerDefinition[]>();
  });

  it("by directives, literals and functions", () => {
    defineTrigger({ ...base, workflow: text, data: { it: { "@literal": "docs" } } });
    defineTrigger({ ...base, workflow: text, data: { it: { "@template": "Hello {{properties.title}}" } } });
    defineTrigger({ ...base, workflow: text, data: { it: { "@path": "properties.team.name", default: "none" } } });
    defineTrigger({ ...base, workflow: texts, data: { it: { "@literal": ["a", "b"] } } });
    defineTrigger({ ...base, workflow: number, data: { it: 3 } });
    const made: TriggerDefinition = defineTrigger({
      ...base,
      workflow: titled,
      data: (event) => ({ title: event.properties.title }),
    });
    void made;
  });

  it("by the properties themselves, where nothing is mapped", () => {
    defineTrigger({ ...base, workflow: workflowOf(z.object({ title: z.string(), score: z.number() })) });
    defineTrigger({ ...base, workflow: titled, data: "properties.anything" });
  });

  it("where the compiler can not know, and for workflows that are only a name", () => {
    defineTrigger({ ...untyped, workflow: titled, data: { title: "properties.titel" } });
    defineTrigger({ ...untyped, workflow: titled });
    defineTrigger({ ...base, workflow: number, data: { it: "context.campaign.weight" } });
    defineTrigger({ ...base, workflow: texts, data: { it: "$.properties.items[*].sku" } });
    defineTrigger({ ...base, workflow: text, data: { it: "properties.anything.at.all" } });
    defineTrigger({ ...base, workflow: "new-comment", data: { title: "properties.score" } });
  });

  it("a cancel starts nothing, and asks for no data", () => {
    defineTrigger({ key: "k", event: comment, workflow: text, action: "cancel", cancellationKey: "properties.title" });
  });

  it("any Standard Schema will do", () => {
    const byValibot = defineWorkflow("w", v.object({ title: v.string() }));
    const byArktype = defineWorkflow("w", type({ title: "string" }));
    defineTrigger({ ...base, workflow: byValibot, data: { title: "properties.title" } });
    defineTrigger({ ...base, workflow: byArktype, data: { title: "properties.title" } });
    // @ts-expect-error a number for a text
    defineTrigger({ ...base, workflow: byValibot, data: { title: "properties.score" } });
    // @ts-expect-error a number for a text
    defineTrigger({ ...base, workflow: byArktype, data: { title: "properties.score" } });
  });
});

describe("data that does not fit its workflow does not compile", () => {
  it("", () => {
    // @ts-expect-error a number for a text
    defineTrigger({ ...base, workflow: titled, data: { title: "properties.score" } });
    // @ts-expect-error nothing for what has to be there
    defineTrigger({ ...base, workflow: titled, data: { team: "properties.team.name" } });
    // @ts-expect-error what may be missing for what has to be there
    defineTrigger({ ...base, workflow: text, data: { it: "properties.team.name" } });
    // @ts-expect-error an element that may not be there
    defineTrigger({ ...base, workflow: text, data: { it: "properties.items.0.sku" } });
    // @ts-expect-error null for a text
    defineTrigger({ ...base, workflow: text, data: { it: "properties.note" } });
    // @ts-expect-error a list for a text
    defineTrigger({ ...base, workflow: text, data: { it: "properties.items.sku" } });
    // @ts-expect-error numbers for texts
    defineTrigger({ ...base, workflow: texts, data: { it: "properties.items.sizes" } });
    // @ts-expect-error an object for a text
    defineTrigger({ ...base, workflow: text, data: { it: "properties.author" } });
    // @ts-expect-error a literal of the wrong type
    defineTrigger({ ...base, workflow: number, data: { it: { "@literal": "three" } } });
    // @ts-expect-error a template is a text
    defineTrigger({ ...base, workflow: number, data: { it: { "@template": "3" } } });
    // @ts-expect-error the default does not fit
    defineTrigger({ ...base, workflow: text, data: { it: { "@path": "properties.team.name", default: 3 } } });
    const made = defineTrigger({ ...base, workflow: titled, data: (event) => ({ title: event.properties.score }) });
    // @ts-expect-error what the function returns does not fit, so it is no trigger
    const triggers: TriggerDefinition[] = [made];
    // @ts-expect-error the properties as they are do not fit
    triggers.push(defineTrigger({ ...base, workflow: text }));
    // @ts-expect-error a path that leads nowhere, still
    defineTrigger({ ...base, workflow: titled, data: { title: "properties.titel" } });
  });
});
