import type { Draft } from "../core/draft.js";
import { isJsonObject, isUnsafeKey, type JsonObject, type JsonValue, withoutUnsafeKeys } from "../core/json.js";
import type { InlineUser } from "../recipients/recipient.js";
import type { SegmentEvent } from "../segment/event.js";
import { parseSegmentTimestamp } from "../segment/timestamp.js";
import type { UserAttributes, UserChange } from "./user.js";

type TextAttribute = "email" | "phoneNumber" | "avatar" | "name" | "locale" | "timezone";

/**
 * Segment's reserved traits that have a place of their own, in both spellings.
 * @see https://segment.com/docs/connections/spec/identify/#traits
 */
const textTraits: ReadonlyMap<string, TextAttribute> = new Map([
  ["email", "email"],
  ["phone", "phoneNumber"],
  ["phoneNumber", "phoneNumber"],
  ["phone_number", "phoneNumber"],
  ["avatar", "avatar"],
  ["name", "name"],
  ["locale", "locale"],
  ["timezone", "timezone"],
]);

/** Reserved traits that stay properties, under one spelling: the name is made of them where there is no `name`. */
const spellings: ReadonlyMap<string, string> = new Map([
  ["first_name", "firstName"],
  ["last_name", "lastName"],
]);

/** Members of an inline user that are about the notification, not about the user. */
const notTraits = new Set(["id", "collection", "$trigger_data", "channel_data", "channelData", "preferences"]);

/** What an identify event says. RudderStack puts the traits into `context.traits`. */
export function identifyTraits({ traits, context }: SegmentEvent): JsonObject {
  const inContext = isJsonObject(context) ? context["traits"] : undefined;
  return { ...(isJsonObject(inContext) && inContext), ...(isJsonObject(traits) && traits) };
}

/** What an inline recipient or actor says. */
export function inlineUserToChange(user: InlineUser, at: Date): UserChange {
  const traits = Object.fromEntries(Object.entries(user).filter(([key]) => !notTraits.has(key)));
  return { id: user.id, at, attributes: traitsToAttributes(traits) };
}

/** Sorts traits into attributes and properties. A value that does not fit its attribute stays a property. */
export function traitsToAttributes(traits: JsonObject): UserAttributes {
  const attributes: Draft<UserAttributes> = {};
  const properties: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(traits)) {
    if (isUnsafeKey(key) || key === "id") continue;
    const attribute = textTraits.get(key);
    if (attribute !== undefined) {
      const text = typeof value === "number" ? String(value) : value;
      if (typeof text === "string" || text === null) attributes[attribute] = text;
      else properties[key] = withoutUnsafeKeys(text);
    } else if (key === "createdAt" || key === "created_at") {
      const createdAt = value === null ? null : parseSegmentTimestamp(value);
      if (value === null || createdAt !== null)
        attributes.createdAt = createdAt === null ? null : createdAt.toISOString();
      else properties["createdAt"] = withoutUnsafeKeys(value);
    } else {
      properties[spellings.get(key) ?? key] = withoutUnsafeKeys(value);
    }
  }
  return Object.keys(properties).length === 0 ? attributes : { ...attributes, properties };
}
