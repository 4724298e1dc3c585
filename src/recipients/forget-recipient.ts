import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.js";

const lists = ["recipients", "userIds", "exclude"];

/** Whether the JSON text of a stored request names a user: as a recipient, as the actor, or wherever else ids are listed. */
export function namesRecipient(request: string, userId: string): boolean {
  const parsed = parse(request, userId);
  if (parsed === null) return false;
  const isListed = lists.some((list) => elements(parsed[list]).some((entry) => isUser(entry, userId)));
  return isListed || isUser(parsed["actor"] ?? null, userId);
}

/**
 * Takes a user out of the JSON text of a stored request, and out of its data wherever a value there is the id.
 * @returns the text unchanged when nothing in it is the id, and `null` when it is for nobody else, so that nothing is left to do
 */
export function forgetRecipient(request: string, userId: string): string | null {
  const parsed = parse(request, userId);
  if (parsed === null) return request;
  const changed: Record<string, JsonValue> = { ...parsed };
  for (const list of lists) {
    const all = elements(parsed[list]);
    const kept = all.filter((entry) => !isUser(entry, userId));
    if (kept.length === all.length) continue;
    if (kept.length === 0 && list !== "exclude") return null;
    changed[list] = kept;
  }
  if (isUser(parsed["actor"] ?? null, userId)) changed["actor"] = null;
  if (isJsonObject(parsed["data"])) changed["data"] = withoutUser(parsed["data"], userId);
  return JSON.stringify(changed);
}

/** Data in which nothing is the id any more: out of lists it goes, elsewhere `null` takes its place. Text that mentions it stays. */
export function withoutUser(data: JsonObject, userId: string): JsonObject {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, scrub(value, userId)]));
}

function scrub(value: JsonValue, userId: string): JsonValue {
  if (isUser(value, userId)) return null;
  if (Array.isArray(value)) {
    return value.filter((entry: JsonValue) => !isUser(entry, userId)).map((entry: JsonValue) => scrub(entry, userId));
  }
  return isJsonObject(value) ? withoutUser(value, userId) : value;
}

/** Most requests do not hold the id at all; the search is far cheaper than reading them. */
function parse(request: string, userId: string): JsonObject | null {
  return request.includes(JSON.stringify(userId)) ? JSON.parse(request) : null;
}

function elements(list: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(list) ? list : [];
}

function isUser(value: JsonValue, userId: string): boolean {
  if (value === userId) return true;
  return isJsonObject(value) && value["collection"] === undefined && value["id"] === userId;
}
