import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { JsonObject } from "../../src/core/json.js";
import { compileRedaction } from "../../src/mapping/redaction.js";
import { parseSegmentPayload } from "../../src/segment/parse.js";
import { compileTrigger, isActiveByDefinition } from "../../src/triggers/compile-trigger.js";
import { compileCondition } from "../../src/triggers/condition.js";
import { decidingComparisons } from "../../src/triggers/deciding-comparisons.js";
import { defineEvent } from "../../src/triggers/define-event.js";
import { defineTrigger } from "../../src/triggers/define-trigger.js";
import { defineWorkflow } from "../../src/triggers/define-workflow.js";
import { evaluateTrigger } from "../../src/triggers/evaluate-trigger.js";
import type { TypedSegmentEvent } from "../../src/triggers/event-path.js";
import type { TriggerDefinition } from "../../src/triggers/trigger-definition.js";
import type { TriggerMiss } from "../../src/triggers/trigger-evaluation.js";
import { createTriggerRegistry } from "../../src/triggers/trigger-registry.js";

const receivedAt = new Date("2026-03-01T12:00:00.000Z");
const properties = {
  plan: "pro",
  seats: 3,
  seatsText: "10",
  tags: ["a", "b"],
  none: null,
  empty: "",
  list: [],
  at: "2026-03-01T10:00:00Z",
  o: { b: 1, a: 2 },
};
const base = { key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" } as const;

describe("conditions", () => {
  const holds = (condition: unknown) => compileCondition(condition, "when").holds({ properties });
  it.each<[string, string, unknown, boolean]>([
    ["plan", "equal_to", "pro", true],
    ["plan", "equal_to", "free", false],
    ["seats", "equal_to", "3", false],
    ["none", "equal_to", null, true],
    ["missing", "equal_to", null, false],
    ["o", "equal_to", { a: 2, b: 1 }, true],
    ["tags", "equal_to", ["b", "a"], false],
    ["plan", "not_equal_to", "free", true],
    ["missing", "not_equal_to", "free", true],
    ["seats", "greater_than", 2, true],
    ["seats", "greater_than", 3, false],
    ["seatsText", "greater_than", 9, true],
    ["plan", "greater_than", 1, false],
    ["plan", "greater_than", "a", true],
    ["plan", "greater_than", "z", false],
    ["missing", "greater_than", 0, false],
    ["empty", "greater_than", -1, false],
    ["seats", "greater_than_or_equal_to", 3, true],
    ["seats", "greater_than_or_equal_to", 4, false],
    ["plan", "greater_than_or_equal_to", "pro", true],
    ["seats", "less_than", 4, true],
    ["seats", "less_than", 3, false],
    ["seats", "less_than_or_equal_to", 3, true],
    ["none", "less_than_or_equal_to", 3, false],
    ["plan", "contains", "ro", true],
    ["plan", "contains", 1, false],
    ["tags", "contains", "a", true],
    ["tags", "contains", "z", false],
    ["missing", "contains", "a", false],
    ["tags", "not_contains", "z", true],
    ["tags", "not_contains", "a", false],
    ["tags", "contains_all", ["a", "b"], true],
    ["tags", "contains_all", ["a", "z"], false],
    ["plan", "is_one_of", ["free", "pro"], true],
    ["plan", "is_one_of", [], false],
    ["empty", "empty", undefined, true],
    ["none", "empty", undefined, true],
    ["list", "empty", undefined, true],
    ["missing", "empty", undefined, true],
    ["seats", "empty", undefined, false],
    ["tags", "not_empty", undefined, true],
    ["list", "not_empty", undefined, false],
    ["none", "exists", undefined, true],
    ["missing", "exists", undefined, false],
    ["missing", "not_exists", undefined, true],
    ["plan", "not_exists", undefined, false],
    ["at", "is_timestamp_before", "2026-03-01T11:00:00Z", true],
    ["at", "is_timestamp_before", "2026-03-01T09:00:00Z", false],
    ["at", "is_timestamp_after", 1_767_225_600, true],
    ["plan", "is_timestamp_after", "2026-01-01", false],
  ])("%s %s %j: %s", (name, operator, value, expected) => {
    const condition = { path: `properties.${name}`, operator, ...(value !== undefined && { value }) };
    expect(holds(condition)).toBe(expected);
    expect(holds({ not: condition })).toBe(!expected);
    expect(holds({ all: [condition, { not: { not: condition } }] })).toBe(expected);
    expect(holds({ any: [{ not: condition }, condition] })).toBe(true);
    expect(holds({ not: { all: [condition, { not: condition }] } })).toBe(true);
    expect(holds({ not: { any: [condition, { not: condition }] } })).toBe(false);
  });

  it("name what decided, with the expected and the actual value", () => {
    const condition = compileCondition(
      {
        any: [
          { path: "properties.plan", operator: "equal_to", value: "free" },
          { not: { path: "properties.seats", operator: "exists" } },
        ],
      },
      "when",
    );
    const trace = condition.trace({ properties }, { shown: { properties } });
    const plan = { path: "properties.plan", operator: "equal_to", expected: "free", actual: "pro", holds: false };
    const seats = { path: "properties.seats", operator: "exists", expected: null, actual: 3, holds: true };
    expect(decidingComparisons(trace)).toMatchObject([
      { comparison: plan, negated: false },
      { comparison: seats, negated: true },
    ]);
    expect(trace).toEqual({
      kind: "any",
      holds: false,
      parts: [
        { kind: "comparison", ...plan },
        { kind: "not", holds: false, part: { kind: "comparison", ...seats } },
      ],
    });
    expect(condition.trace({ properties }, { shown: null })).not.toHaveProperty("parts.0.actual");
  });

  const nest = (levels: number): unknown =>
    levels === 0 ? { path: "a", operator: "exists" } : { not: nest(levels - 1) };
  it.each<[unknown, string]>([
    ["properties.plan", "is not a condition"],
    [null, "is not a condition"],
    [{}, "when.path"],
    [{ path: 1, operator: "exists" }, "when.path"],
    [{ path: "a", operator: "equalTo", value: 1 }, "did you mean equal_to?"],
    [{ path: "a" }, "when.operator"],
    [{ path: "a", operator: "equal_to" }, "is missing"],
    [{ path: "a", operator: "exists", value: 1 }, "takes none"],
    [{ path: "a", operator: "is_one_of", value: "x" }, "is not a list"],
    [{ path: "a", operator: "is_timestamp_before", value: "soon" }, "not a timestamp"],
    [{ path: "a", operator: "equal_to", value: new Date(0) }, "when.value: is a Date, which is no JSON"],
    [{ path: "a", operator: "is_one_of", value: [1, () => 1] }, "when.value: 1: is a function, which is no JSON"],
    [{ path: "a", operator: "exists", valeu: 1 }, "valeu beside path, operator and value; did you mean value?"],
    [{ path: "a", opertor: "exists" }, "did you mean operator?"],
    [{ path: "a", op: "exists" }, "the unknown member op beside path, operator and value"],
    [{ aall: [] }, "did you mean all?"],
    [{ all: [] }, "when.all"],
    [{ any: "x" }, "when.any"],
    [{ not: { all: [{ path: "a..b..c", operator: "exists" }] } }, "when.not.all.0.path: the path"],
    [nest(20), "nested"],
  ])("%j is refused", (condition, message) => {
    expect(() => compileCondition(condition, "when")).toThrow(message);
  });
});

describe("definitions that are refused at registration", () => {
  it.each<[string, object, string, string]>([
    ["no key", { ...base, key: undefined }, "CONFIG_TRIGGER_INVALID", "key"],
    ["an empty key", { ...base, key: "" }, "CONFIG_TRIGGER_INVALID", "key"],
    ["no workflow", { ...base, workflow: undefined }, "CONFIG_TRIGGER_INVALID", 'Trigger "welcome": workflow'],
    ["no event", { ...base, event: undefined }, "CONFIG_TRIGGER_INVALID", "event: is missing"],
    ["an empty event", { ...base, event: "" }, "CONFIG_TRIGGER_INVALID", "event: is empty"],
    ["an unknown type", { ...base, event: { type: "purchase" } }, "CONFIG_TRIGGER_INVALID", "event.type"],
    ["an empty event name", { ...base, event: { type: "page", name: "" } }, "CONFIG_TRIGGER_INVALID", "event.name"],
    ["no recipients", { ...base, recipients: undefined }, "CONFIG_TRIGGER_INVALID", "recipients: is missing"],
    ["a cancel without key", { ...base, action: "cancel" }, "CONFIG_TRIGGER_INVALID", "cancellationKey: is missing"],
    ["an unknown action", { ...base, action: "delete" }, "CONFIG_TRIGGER_INVALID", "action"],
    ["a misspelt field", { ...base, recipeints: "userId" }, "CONFIG_TRIGGER_INVALID", "Did you mean recipients?"],
    ["an unknown field", { ...base, zzzzzzzzzz: 1 }, "CONFIG_TRIGGER_INVALID", "is not a field of a trigger"],
    ["a bad duration", { ...base, maxEventAge: "soon" }, "CONFIG_INVALID", "maxEventAge"],
    ["a bad path", { ...base, data: { a: "b[" } }, "CONFIG_PATH_INVALID", 'Trigger "welcome": data.a: the path'],
    ["a bad condition", { ...base, when: "x" }, "CONFIG_TRIGGER_INVALID", 'Trigger "welcome": when'],
    ...[
      { collection: "groups", id: "context.groupId" },
      { collection: { "@path": "groups" }, id: "userId" },
    ].map((group): [string, object, string, string] => [
      "the name of a collection where a path belongs",
      { ...base, recipients: ["userId", group] },
      "CONFIG_TRIGGER_INVALID",
      'recipients.1.collection: is the path "groups", which leads nowhere in an event; for the collection of that name write {"@literal":"groups"}',
    ]),
    [
      "the name of a collection of the actor",
      { ...base, actor: { collection: "bots", id: "userId" } },
      "CONFIG_TRIGGER_INVALID",
      "actor.collection",
    ],
    ["a number", 7 as never, "CONFIG_TRIGGER_INVALID", "A trigger"],
  ])("%s", (_, definition, code, message) => {
    expect(() => compileTrigger(definition as TriggerDefinition)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  it("an event without a schema or a name", () => {
    expect(() => defineEvent("", z.object({}))).toThrow("the name is empty");
    expect(() => defineEvent("x", {} as never)).toThrow("no Standard Schema");
    expect(() => defineEvent("x", (() => 1) as never)).toThrow("no Standard Schema");
  });
});

describe("what a trigger makes of an event", () => {
  const evaluate = (overrides: object, event: object = {}, redact: readonly string[] = []) => {
    const payload = {
      type: "track",
      event: "Signed Up",
      userId: "ada",
      messageId: "m",
      timestamp: "2026-03-01T11:00:00Z",
      properties,
      ...event,
    };
    const [parsed] = parseSegmentPayload(payload, { receivedAt });
    if (parsed?.ok !== true) throw new Error("not an event");
    return evaluateTrigger(
      compileTrigger({ ...base, ...overrides } as TriggerDefinition),
      parsed.event,
      receivedAt.getTime(),
      compileRedaction(redact),
    );
  };
  const fail = () => {
    throw new Error("host bug");
  };
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const schema = z.object({ plan: z.enum(["free"]), seats: z.number() });
  const throwingWith = (validate: () => never) => ({ "~standard": { version: 1, vendor: "x", validate } }) as const;
  const throwing = { "~standard": { version: 1, vendor: "x", validate: fail } } as const;
  const asynchronous = { "~standard": { version: 1, vendor: "x", validate: async () => ({ value: {} }) } } as const;
  const toBigInt = { "~standard": { version: 1, vendor: "x", validate: () => ({ value: { n: 1n } }) } } as const;

  it.each<[string, object, string, string, object]>([
    [
      "too old",
      { maxEventAge: "30m" },
      "skipped",
      "event_too_old",
      { facts: { ageMs: 3_600_000, maxEventAgeMs: 1_800_000 } },
    ],
    [
      "a schema that does not fit",
      { event: defineEvent("Signed Up", schema) },
      "skipped",
      "schema_mismatch",
      { facts: { issues: [{ path: "properties.plan", message: expect.any(String) }] } },
    ],
    [
      "a schema that throws",
      { event: { name: "Signed Up", schema: throwing } },
      "failed",
      "schema_failed",
      { message: expect.stringContaining("host bug") },
    ],
    [
      "a schema that answers later",
      { event: { name: "Signed Up", schema: asynchronous } },
      "failed",
      "schema_failed",
      { message: expect.stringContaining("promise") },
    ],
    [
      "a schema whose output is not JSON",
      { event: { name: "Signed Up", schema: toBigInt } },
      "failed",
      "schema_failed",
      {},
    ],
    [
      "a false condition",
      { when: { path: "properties.plan", operator: "equal_to", value: "free" } },
      "skipped",
      "condition_false",
      { message: 'properties.plan is "pro", expected equal_to "free".' },
    ],
    ["a predicate that says no", { when: () => false }, "skipped", "condition_false", {}],
    [
      "a predicate that throws",
      { when: fail },
      "failed",
      "condition_failed",
      { message: expect.stringContaining("host bug") },
    ],
    [
      "a predicate that answers later",
      { when: async () => fail() },
      "failed",
      "condition_failed",
      { message: expect.stringContaining("promise") },
    ],
    [
      "an unresolved path",
      { recipients: "properties.plna" },
      "skipped",
      "path_unresolved",
      { field: "recipients", path: "properties.plna", reached: "properties", nearest: "properties.plan" },
    ],
    ["nobody", { recipients: "properties.list" }, "skipped", "no_recipients", { field: "recipients" }],
    [
      "only nonsense",
      { recipients: "properties.none" },
      "skipped",
      "no_recipients",
      { message: expect.stringContaining("is null") },
    ],
    ...["properties.kind", { "@path": "properties.kind" }].map(
      (collection): [string, object, string, string, object] => [
        "an object whose collection leads nowhere, which is no user",
        { recipients: { collection, id: "userId" } },
        "skipped",
        "no_recipients",
        { message: expect.stringContaining("is an object without a usable collection") },
      ],
    ),
    [
      "only the actor",
      { actor: "userId", excludeActor: true },
      "skipped",
      "no_recipients",
      { message: expect.stringContaining("actor") },
    ],
    [
      "a mapper that throws",
      { recipients: fail },
      "failed",
      "mapping_failed",
      { field: "recipients", message: expect.stringContaining("host bug") },
    ],
    [
      "a mapper that answers later",
      { data: async () => fail() },
      "failed",
      "mapping_failed",
      { field: "data", message: expect.stringContaining("promise") },
    ],
    [
      "a mapper with an answer that comes later in it",
      { data: () => ({ user: { name: Promise.reject(new Error("host bug")) } }) },
      "failed",
      "mapping_failed",
      { field: "data", message: expect.stringContaining("a promise in it") },
    ],
    ["a mapper that returns a cycle", { data: () => circular }, "failed", "mapping_invalid", { field: "data" }],
    [
      "data that is a text",
      { data: "properties.plan" },
      "failed",
      "mapping_invalid",
      { field: "data", message: "data resolved to a string; it must be an object." },
    ],
    [
      "data that is a list",
      { data: "properties.tags" },
      "failed",
      "mapping_invalid",
      { message: "data resolved to an array; it must be an object." },
    ],
    [
      "data that its workflow does not take",
      { workflow: "w", typedWorkflow: defineWorkflow("w", z.object({ plan: z.number(), seats: z.number() })) },
      "failed",
      "data_mismatch",
      { field: "data", facts: { issues: [{ path: "data.plan", message: expect.any(String) }] } },
    ],
    ...([throwing, asynchronous, toBigInt] as never[]).map((broken): [string, object, string, string, object] => [
      "a workflow's schema that fails",
      { workflow: "w", typedWorkflow: { name: "w", schema: broken } },
      "failed",
      "schema_failed",
      { message: expect.stringContaining("The workflow's schema") },
    ]),
    [
      "a key that is an object",
      { cancellationKey: "properties.o" },
      "failed",
      "mapping_invalid",
      { field: "cancellationKey" },
    ],
    [
      "a cancel whose key leads nowhere",
      { action: "cancel", cancellationKey: "properties.id" },
      "skipped",
      "no_cancellation_key",
      { path: "properties.id" },
    ],
    [
      "a cancel whose key is empty",
      { action: "cancel", cancellationKey: "properties.empty" },
      "skipped",
      "no_cancellation_key",
      { field: "cancellationKey" },
    ],
  ])("%s", (_, overrides, status, reason, detail) => {
    expect(evaluate(overrides)).toMatchObject({ status, reason, detail });
  });

  it.each<[string, object, object]>([
    [
      "the defaults",
      {},
      { recipients: ["ada"], actor: null, tenant: null, data: properties, cancellationKey: null, unresolved: [] },
    ],
    [
      "every field",
      {
        actor: "properties.o.a",
        tenant: "properties.plan",
        data: { n: "properties.seats" },
        cancellationKey: "properties.seats",
      },
      { actor: "2", tenant: "pro", data: { n: 3 }, cancellationKey: "3" },
    ],
    [
      "functions",
      { recipients: (event: JsonObject) => [event["userId"], { id: 7, at: receivedAt }], data: () => undefined },
      { recipients: ["ada", { id: "7", at: "2026-03-01T12:00:00.000Z" }], data: {} },
    ],
    [
      "optional fields that lead nowhere",
      { actor: "properties.who", tenant: "context.group", data: { a: "nope", b: "properties.plan" } },
      {
        actor: null,
        tenant: null,
        data: { b: "pro" },
        unresolved: [{ field: "actor" }, { field: "tenant" }, { field: "data.a" }],
      },
    ],
    [
      "objects with the collection in the event, in the mapping, and as a default",
      {
        recipients: [
          { collection: "properties.plan", id: "userId" },
          { collection: { "@literal": "groups" }, id: "userId" },
          { collection: { "@path": "properties.kind", default: "teams" }, id: "userId" },
          { collection: "event", id: "userId" },
        ],
        actor: { collection: "properties.kind", id: "userId" },
      },
      {
        recipients: ["pro", "groups", "teams", "Signed Up"].map((collection) => ({ collection, id: "ada" })),
        actor: null,
        unresolved: [{ field: "actor" }],
      },
    ],
    [
      "an actor and a tenant that are none",
      { actor: "properties.tags", tenant: "properties.list" },
      { actor: null, tenant: null, unresolved: [{ field: "actor" }, { field: "tenant" }] },
    ],
    [
      "a cancel",
      { action: "cancel", recipients: undefined, cancellationKey: "properties.plan" },
      { recipients: [], cancellationKey: "pro" },
    ],
    [
      "a schema that makes something of the properties",
      {
        event: defineEvent(
          "Signed Up",
          z.object({ plan: z.string().transform((plan) => plan.length), extra: z.string().default("x") }),
        ),
      },
      { data: { plan: 3, extra: "x" } },
    ],
    ["a condition that holds", { when: { path: "properties.seats", operator: "greater_than", value: 1 } }, {}],
    ["a predicate that says yes", { when: (event: JsonObject) => event["userId"] === "ada", maxEventAge: "2h" }, {}],
  ])("%s", (_, overrides, expected) => {
    expect(evaluate(overrides)).toMatchObject({ status: "matched", ...expected });
  });

  const throws = (thrown: unknown) => () => {
    throw thrown;
  };
  const shaped = (result: unknown) => ({
    event: { name: "Signed Up", schema: { "~standard": { version: 1, vendor: "x", validate: () => result } } },
  });
  const withoutText = Object.create(null);
  const foreignPromise = (): unknown => runInNewContext("Promise.reject(new Error('elsewhere'))");
  const lazy = {
    then: () => {
      throw new Error("asked for its work");
    },
  };
  it.each<[string, object, string, string]>([
    ["a schema that answers nothing", shaped(undefined), "schema_failed", "answered with undefined"],
    ["a schema that answers a text", shaped("fine"), "schema_failed", "answered with a string"],
    ["an issue without a message", shaped({ issues: [{}] }), "schema_failed", "issues that are none"],
    ["an issue that is null", shaped({ issues: [null] }), "schema_failed", "issues that are none"],
    [
      "an odd path",
      shaped({ issues: [{ message: "m", path: [withoutText] }] }),
      "schema_failed",
      "issues that are none",
    ],
    [
      "a path that is no list",
      shaped({ issues: [{ message: "m", path: 1 }] }),
      "schema_failed",
      "issues that are none",
    ],
    ["issues that are no list", shaped({ issues: "no" }), "schema_failed", "issues that are none"],
    ["a schema that answers with a thenable", shaped(lazy), "schema_failed", "promise"],
    ["a predicate that throws what has no text", { when: throws(withoutText) }, "condition_failed", "has no text"],
    ["a predicate that throws a symbol", { when: throws(Symbol("s")) }, "condition_failed", "Symbol(s)"],
    ["a predicate that answers with a thenable", { when: () => lazy }, "condition_failed", "promise"],
    ["a predicate with a promise of another realm", { when: foreignPromise }, "condition_failed", "promise"],
    [
      "a predicate whose answer can not be looked at",
      {
        when: () => ({
          get then() {
            throw new Error("host bug");
          },
        }),
      },
      "condition_failed",
      "host bug",
    ],
    ["a mapper that throws what has no text", { data: throws(withoutText) }, "mapping_failed", "has no text"],
    ["a mapper that answers with a thenable", { recipients: () => lazy }, "mapping_failed", "returned a promise"],
    ["a mapper with a thenable in its answer", { data: () => ({ a: [lazy] }) }, "mapping_failed", "a promise in it"],
  ])("%s fails that trigger and nothing else", (_, overrides, reason, message) => {
    const detail = { message: expect.stringContaining(message) };
    expect(evaluate(overrides)).toMatchObject({ status: "failed", reason, detail });
  });

  const quoting = throws(new Error("Expected a number but received 4111-secret"));
  const misfit = (...paths: (string | { key: string })[][]) =>
    shaped({ issues: paths.map((path) => ({ message: 'Expected number but received "4111-secret"', path })) });
  const misfitData = {
    workflow: "w",
    typedWorkflow: { name: "w", schema: misfit(["number"]).event.schema },
  };
  it.each<[string, object, string, string]>([
    ["of a schema, at the path", misfit(["card"]), "schema_mismatch", "properties.card: does not fit"],
    [
      "of a schema, below it",
      misfit([{ key: "card" }, "number"]),
      "schema_mismatch",
      "properties.card.number: does not",
    ],
    ["of a schema, above it", misfit([]), "schema_mismatch", "properties: does not fit"],
    [
      "of a schema that throws",
      { event: { name: "Signed Up", schema: throwingWith(quoting) } },
      "schema_failed",
      "not kept",
    ],
    ["of a workflow's schema", misfitData, "data_mismatch", "data.number: does not fit"],
    [
      "of a workflow's schema that throws",
      { ...misfitData, typedWorkflow: { name: "w", schema: throwingWith(quoting) } },
      "schema_failed",
      "not kept",
    ],
    ["of a predicate", { when: quoting }, "condition_failed", "The predicate threw. What it said"],
    ["of a mapper", { data: quoting }, "mapping_failed", "The function for data threw. What it said"],
  ])("words of the host's code that may quote what is redacted are not kept: %s", (_, overrides, reason, message) => {
    const event = { properties: { ...properties, card: "4111-secret", other: 1 } };
    const redacted = evaluate(overrides, event, ["properties.card"]);
    expect(redacted).toMatchObject({ reason, detail: { message: expect.stringContaining(message) } });
    expect(JSON.stringify({ ...redacted, event: null })).not.toContain("4111");
    expect(evaluate(overrides, event)).toMatchObject({ detail: { message: expect.stringContaining("4111-secret") } });
  });

  it("words of a schema about what is not redacted are kept", () => {
    const event = { properties: { card: { number: "4111-secret", kind: "visa" }, plan: "pro" } };
    const paths = [["plan"], ["card", "kind"], ["card", "expires"], ["plan", "name"], ["card", "number"]];
    const { detail } = evaluate(misfit(...paths), event, ["properties.card.number"]) as TriggerMiss;
    const issues = detail.facts?.["issues"] as { path: string; message: string }[];
    expect(issues.filter(({ message }) => message.startsWith("Expected")).map(({ path }) => path)).toEqual([
      "properties.plan",
      "properties.card.kind",
      "properties.card.expires",
      "properties.plan.name",
    ]);
  });

  it.each([undefined, null, []])("functions are given properties where an event has %j", (none) => {
    const given: unknown[] = [];
    const look = (event: TypedSegmentEvent) => given.push(event.properties["plan"], event.userId);
    const overrides = { when: look, data: (event: TypedSegmentEvent) => void look(event) };
    expect(evaluate(overrides, { properties: none })).toMatchObject({ status: "matched", data: {} });
    expect(given).toEqual([undefined, "ada", undefined, "ada"]);
  });

  it.each([undefined, { a: "properties.a" }])("data, mapped by %j, has no key that could reach a prototype", (data) => {
    const event = JSON.parse('{"properties":{"a":{"__proto__":{"x":1},"ok":[{"constructor":2}]}}}');
    expect(JSON.stringify(evaluate({ ...(data && { data }) }, event))).toContain('"data":{"a":{"ok":[{}]}}');
  });

  it("data is the traits of identify and group, and nothing where there is nothing", () => {
    const event = { type: "group", traits: { name: "Acme" }, groupId: "g" };
    expect(evaluate({ event: { type: "group" } }, event)).toMatchObject({ data: { name: "Acme" } });
    expect(evaluate({}, { properties: null })).toMatchObject({ data: {} });
  });
});

it("data is what the schema of its workflow makes of it, also where a trigger only names the workflow", () => {
  const workflow = defineWorkflow("w", z.object({ plan: z.string(), seats: z.number().default(1) }));
  const typed = defineTrigger({ key: "k", event: "Signed Up", workflow, recipients: "userId" });
  expect(typed.workflow).toBe("w");
  const stored = JSON.parse(JSON.stringify({ ...typed, typedWorkflow: undefined }));
  const workflows = new Map([[workflow.name, workflow]]);
  for (const [trigger, expected] of [
    [compileTrigger(typed), { plan: "pro", seats: 1 }],
    [compileTrigger(stored, workflows), { plan: "pro", seats: 1 }],
    [compileTrigger({ ...typed, workflow: "other" }), { plan: "pro", extra: true }],
  ] as const) {
    const event = { type: "track", event: "Signed Up", userId: "ada", properties: { plan: "pro", extra: true } };
    const [parsed] = parseSegmentPayload(event, { receivedAt: new Date() });
    if (parsed?.ok !== true) throw new Error("not an event");
    expect(evaluateTrigger(trigger, parsed.event, Date.now())).toMatchObject({ status: "matched", data: expected });
    expect(evaluateTrigger(trigger, parsed.event, Date.now())).toHaveProperty("data", expected);
  }
  expect(() => defineWorkflow("", z.object({}))).toThrow("the name is empty");
  expect(() => defineWorkflow("w", {} as never)).toThrow("no Standard Schema");
});

describe("the registry", () => {
  const registry = createTriggerRegistry();
  const add = (key: string, event: TriggerDefinition["event"]) => registry.register({ ...base, key, event });
  add("a", "Signed Up");
  add("all-pages", { type: "page" });
  add("pricing", { type: "page", name: "Pricing" });
  add("b", { type: "track", name: "Signed Up" });
  add("all-tracks", { type: "track" });
  add("last", "Signed Up");
  const matched = (type: "track" | "page" | "screen", name: string | null) =>
    registry.match(type, name).map((trigger) => trigger.key);

  it("matches by type and name, in the order of registration", () => {
    expect(matched("track", "Signed Up")).toEqual(["a", "b", "all-tracks", "last"]);
    expect(matched("track", "Other")).toEqual(["all-tracks"]);
    expect(matched("page", "Pricing")).toEqual(["all-pages", "pricing"]);
    expect(matched("page", null)).toEqual(["all-pages"]);
    expect(matched("screen", "Pricing")).toEqual([]);
  });

  it("knows the nearest names", () => {
    expect(registry.explainNoMatch("track", "signed_up").facts).toEqual({
      nearestNames: ["Signed Up"],
      otherTypes: [],
    });
    expect(registry.explainNoMatch("track", "Nothing like it").facts).toEqual({ nearestNames: [], otherTypes: [] });
    expect(registry.explainNoMatch("page", "Signed Up").facts).toEqual({ nearestNames: [], otherTypes: ["track"] });
    expect(registry.explainNoMatch("identify", null).facts).toEqual({ nearestNames: [], otherTypes: [] });
    add("late", "Nothing like that");
    expect(registry.explainNoMatch("track", "Nothing like it").facts).toMatchObject({
      nearestNames: ["Nothing like that"],
    });
    registry.unregister("late");
    expect(registry.explainNoMatch("track", "Nothing like it").facts).toMatchObject({ nearestNames: [] });
  });

  it("searches for what a flood of names may have meant only as far as it has saved up for, and again when it is over", () => {
    const many = createTriggerRegistry();
    for (let index = 0; index < 50; index += 1)
      many.register({ ...base, key: `k${index}`, event: `Order Paid ${index}` });
    const isSuggested = (name: string) => many.explainNoMatch("track", name).nearest !== undefined;
    const flood = Array.from({ length: 10_000 }, (_, index) => isSuggested(`Order Piad ${index}`));
    expect(flood.slice(0, 400).every(Boolean)).toBe(true);
    expect(flood.filter(Boolean).length).toBeLessThan(700);
    const attempts = Array.from({ length: 60 }, () => isSuggested("Order Paid!"));
    expect(attempts).toContain(true);
    expect(attempts.at(-1)).toBe(true);
  });

  it("refuses a key twice, until it is unregistered", () => {
    expect(() => add("last", "Other")).toThrow(expect.objectContaining({ code: "CONFIG_TRIGGER_DUPLICATE" }));
    expect([registry.unregister("last"), registry.unregister("last")]).toEqual([true, false]);
    expect(matched("track", "Signed Up")).toEqual(["a", "b", "all-tracks"]);
    add("last", "Other");
    expect(matched("track", "Other")).toEqual(["all-tracks", "last"]);
    expect(registry.unregister("last")).toBe(true);
    expect(registry.get("last")).toBeNull();
    expect(registry.list().map((trigger) => trigger.key)).toEqual(["a", "all-pages", "pricing", "b", "all-tracks"]);
  });

  it.each<[TriggerDefinition["active"], boolean, boolean]>([
    [undefined, true, true],
    [true, true, true],
    [false, false, false],
    [{ production: false }, false, true],
  ])("active: %j", (active, production, development) => {
    const trigger = compileTrigger({ ...base, ...(active !== undefined && { active }) });
    expect(["production", "development"].map((environment) => isActiveByDefinition(trigger, environment))).toEqual([
      production,
      development,
    ]);
  });
});
