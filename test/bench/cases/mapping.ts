import { createRequire } from "node:module";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../src/core/json.js";
import { compileMapping } from "../../../src/mapping/mapping.js";
import { parseSegmentPayload } from "../../../src/segment/parse.js";
import { compileCondition } from "../../../src/triggers/condition.js";
import { trackEvent } from "../events.js";
import type { Bench } from "../measure.js";

const require = createRequire(import.meta.url);
// Installed in this folder only, and told by their shape so that the rest of the project does without them.
const {
  transform,
}: { transform: (mapping: object, event: object) => object } = require("@segment/actions-core/mapping-kit");
const { parseFql, validate } = require("@segment/destination-subscriptions") as {
  parseFql: (text: string) => object;
  validate: (parsed: object, event: object) => boolean;
};
const jsonata: (text: string) => { evaluate: (event: object) => Promise<object> } = require("jsonata");

const paths: Readonly<Record<string, string>> = {
  id: "properties.commentId",
  title: "properties.title",
  body: "properties.body",
  document: "properties.document.name",
  url: "properties.document.url",
  commenter: "properties.commenter.name",
  tenant: "context.groupId",
  locale: "context.locale",
};
const count = 5_000;
const texts = Array.from({ length: count }, (_, id) => JSON.stringify(trackEvent(id)));
const events: readonly JsonObject[] = texts.map((text) => JSON.parse(text));

const compiled = compileMapping(paths, "data");
const kit = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, { "@path": `$.${path}` }]));
const expression = jsonata(
  `{${Object.entries(paths)
    .map(([name, path]) => `"${name}": ${path}`)
    .join(", ")}}`,
);

function check(mapped: JsonValue | object | undefined): void {
  if (Object.keys(Object(mapped)).length !== 8) throw new Error("a path is missing");
}

export const mapping: Bench = {
  title: "eight paths of one event",
  operations: count,
  cases: [
    {
      name: "JSON.parse of the event",
      role: "floor",
      prepare: async () => () => {
        for (const text of texts) void JSON.parse(text);
      },
    },
    {
      name: "bellwire",
      role: "us",
      prepare: async () => () => {
        for (const event of events) check(compiled.resolve(event, []));
      },
    },
    {
      name: "Segment's mapping kit",
      role: "peer",
      prepare: async () => () => {
        for (const event of events) check(transform(kit, event));
      },
    },
    {
      name: "jsonata",
      role: "peer",
      prepare: async () => async () => {
        for (const event of events) check(await expression.evaluate(event));
      },
    },
  ],
  goals: { peers: { "Segment's mapping kit": 12 } },
};

const condition = compileCondition(
  {
    all: [
      { path: "type", operator: "equal_to", value: "track" },
      { path: "event", operator: "equal_to", value: "Comment Created" },
    ],
  },
  "when",
);
const subscription = parseFql('type = "track" and event = "Comment Created"');
const receivedAt = new Date();

export const mappingParsed: Bench = {
  title: "text to mapped data: parse, check, condition, eight paths",
  operations: count,
  cases: [
    {
      name: "JSON.parse of the event",
      role: "floor",
      prepare: async () => () => {
        for (const text of texts) void JSON.parse(text);
      },
    },
    {
      name: "bellwire",
      role: "us",
      prepare: async () => () => {
        for (const text of texts) {
          const event: unknown = JSON.parse(text);
          if (!isJsonObject(event) || !condition.holds(event)) throw new Error("not a match");
          check(compiled.resolve(event, []));
        }
      },
    },
    {
      // Limits, ids, times and types, which the kit does not look at.
      name: "bellwire, with its checks of what an event is",
      role: "peer",
      prepare: async () => () => {
        for (const text of texts) {
          const [parsed] = parseSegmentPayload(text, { receivedAt });
          if (parsed?.ok !== true || !condition.holds(parsed.event.event)) throw new Error("not a match");
          check(compiled.resolve(parsed.event.event, []));
        }
      },
    },
    {
      name: "Segment's mapping kit",
      role: "peer",
      prepare: async () => () => {
        for (const text of texts) {
          const event: unknown = JSON.parse(text);
          if (!isJsonObject(event) || !validate(subscription, event)) throw new Error("not a match");
          check(transform(kit, event));
        }
      },
    },
  ],
  goals: { peers: { "Segment's mapping kit": 2.7 } },
};
