import type { JsonObject, JsonValue } from "../protocol.js";
import { isObject } from "./is-object.js";

/** A trigger as it stands in the form: every field a text. */
export interface TriggerDraft {
  readonly key: string;
  readonly type: string;
  readonly name: string;
  readonly workflow: string;
  readonly recipients: string;
  readonly actor: string;
  readonly tenant: string;
  readonly cancellationKey: string;
  readonly maxEventAge: string;
  readonly excludeActor: boolean;
  readonly data: readonly DataField[];
  readonly when: readonly Comparison[];
}

export interface DataField {
  readonly key: string;
  readonly value: string;
}

export interface Comparison {
  readonly path: string;
  readonly operator: string;
  readonly value: string;
}

export const valueless: ReadonlySet<string> = new Set(["empty", "not_empty", "exists", "not_exists"]);

export const emptyDraft: TriggerDraft = {
  key: "",
  type: "track",
  name: "",
  workflow: "",
  recipients: "userId",
  actor: "",
  tenant: "",
  cancellationKey: "",
  maxEventAge: "",
  excludeActor: false,
  data: [],
  when: [],
};

/**
 * A first draft for an event: a key after its name, and whoever it names in a list, or its own user, as recipients.
 *
 * @param taken keys that are in use
 */
export function draftFor(type: string, name: string, payload: JsonValue, taken: readonly string[]): TriggerDraft {
  const stem = name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
  let key = stem;
  for (let count = 2; taken.includes(key); count += 1) key = `${stem}-${count}`;
  return { ...emptyDraft, key, type, name, workflow: key, recipients: guessRecipients(payload) };
}

function guessRecipients(payload: JsonValue): string {
  const properties = isObject(payload) ? payload["properties"] : undefined;
  if (properties === undefined || !isObject(properties)) return "userId";
  const list = Object.entries(properties).find(
    ([, value]) =>
      Array.isArray(value) && value.some((one: JsonValue) => typeof one === "string" || (isObject(one) && "id" in one)),
  );
  return list === undefined ? "userId" : `properties.${list[0]}`;
}

/** The definition that the form says. */
export function toDefinition(draft: TriggerDraft): JsonObject {
  const { key, type, name, workflow } = draft;
  const event: JsonValue = type === "track" ? name : name === "" ? { type } : { type, name };
  const optional = (field: "actor" | "tenant" | "cancellationKey"): JsonObject =>
    draft[field].trim() === "" ? {} : { [field]: toMapping(draft[field]) };
  const data = draft.data.filter((field) => field.key !== "");
  const conditions = draft.when.map(toCondition);
  return {
    key,
    event,
    workflow,
    recipients: toMapping(draft.recipients),
    ...optional("actor"),
    ...optional("tenant"),
    ...optional("cancellationKey"),
    ...(data.length > 0 && { data: Object.fromEntries(data.map((field) => [field.key, toMapping(field.value)])) }),
    ...(conditions.length === 1 && conditions[0] !== undefined && { when: conditions[0] }),
    ...(conditions.length > 1 && { when: { all: conditions } }),
    ...(draft.maxEventAge !== "" && { maxEventAge: draft.maxEventAge }),
    ...(draft.excludeActor && { excludeActor: true }),
  };
}

/** A path, or JSON where it begins like some. */
function toMapping(text: string): JsonValue {
  const trimmed = text.trim();
  return /^(?:[[{]|-?\d+(?:\.\d+)?$|(?:true|false|null)$)/.test(trimmed) ? parseJson(trimmed, trimmed) : trimmed;
}

function toCondition({ path, operator, value }: Comparison): JsonObject {
  return valueless.has(operator) ? { path, operator } : { path, operator, value: parseJson(value, value) };
}

function parseJson(text: string, otherwise: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** The form of a definition; `null` for one that the form would say otherwise, which is then edited as JSON. */
export function toDraft(definition: JsonObject): TriggerDraft | null {
  const draft = readFields(definition);
  const { key = "", event = "", workflow = "", recipients = "" } = definition;
  const whole = { ...definition, key, event, workflow, recipients };
  return draft !== null && ordered(toDefinition(draft)) === ordered(whole) ? draft : null;
}

/** One text for all orders of members. */
function ordered(definition: JsonObject): string {
  return JSON.stringify(definition, (_, value: JsonValue) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).sort()) : value,
  );
}

function readFields(definition: JsonObject): TriggerDraft | null {
  const { event, data } = definition;
  const when = toComparisons(definition["when"]);
  if (when === null || (data !== undefined && !isObject(data))) return null;
  const text = (field: string) => toText(definition[field]);
  return {
    key: text("key"),
    workflow: text("workflow"),
    type: isObject(event) ? toText(event["type"]) : "track",
    name: isObject(event) ? toText(event["name"]) : toText(event),
    recipients: text("recipients"),
    actor: text("actor"),
    tenant: text("tenant"),
    cancellationKey: text("cancellationKey"),
    maxEventAge: text("maxEventAge"),
    excludeActor: definition["excludeActor"] === true,
    data: Object.entries(data ?? {}).map(([key, value]) => ({ key, value: toText(value) })),
    when,
  };
}

function toComparisons(when: JsonValue | undefined): readonly Comparison[] | null {
  if (when === undefined) return [];
  const list = isObject(when) && Array.isArray(when["all"]) ? when["all"] : [when];
  const found: Comparison[] = [];
  for (const one of list) {
    if (!isObject(one) || typeof one["path"] !== "string") return null;
    const value = one["value"];
    found.push({
      path: one["path"],
      operator: toText(one["operator"]),
      value:
        typeof value === "string" && parseJson(value, value) === value
          ? value
          : value === undefined
            ? ""
            : JSON.stringify(value),
    });
  }
  return found;
}

function toText(value: JsonValue | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
