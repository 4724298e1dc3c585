import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.js";
import { idOf } from "../segment/id-of.js";

const lists = ["recipients", "userIds", "exclude"];

/** Texts of which the JSON of a request that names one of the users holds at least one; others may hold one too. */
export function textsOfIds(userIds: Iterable<string>): readonly string[] {
  return [...userIds].map((id) => (String(Number(id)) === id ? id : JSON.stringify(id)));
}

/** Whether the JSON text of a stored request names a user by one of the ids: as a recipient, as the actor, or wherever else ids are listed. */
export function namesRecipient(request: string, userIds: ReadonlySet<string>): boolean {
  const parsed = parse(request, userIds);
  if (parsed === null) return false;
  const isListed = lists.some((list) => elements(parsed[list]).some((entry) => isUser(entry, userIds)));
  return isListed || isUser(parsed["actor"], userIds);
}

/**
 * Takes a user out of the JSON text of a stored request, and out of its data wherever a value there is one of the ids.
 * @returns the text unchanged when nothing in it is one, and `null` when it is for nobody else, or cancels by the id, so that nothing is
 * left to do
 */
export function forgetRecipient(request: string, userIds: ReadonlySet<string>): string | null {
  const parsed = parse(request, userIds);
  if (parsed === null) return request;
  const changed: Record<string, JsonValue> = { ...parsed };
  for (const list of lists) {
    const all = elements(parsed[list]);
    const kept = all.filter((entry) => !isUser(entry, userIds));
    if (kept.length === all.length) continue;
    if (kept.length === 0 && list !== "exclude") return null;
    changed[list] = kept;
  }
  if (parsed["action"] === "cancel" && isUser(parsed["cancellationKey"], userIds)) return null;
  for (const field of ["actor", "tenant", "cancellationKey"]) if (isUser(parsed[field], userIds)) changed[field] = null;
  if (isJsonObject(parsed["data"])) changed["data"] = withoutUser(parsed["data"], userIds);
  return JSON.stringify(changed);
}

/**
 * Data in which nothing is one of the ids any more: out of lists it goes, elsewhere `null` takes its place. Text that mentions it stays;
 * a number goes too where the id is one, whatever it counts, since senders write ids as numbers.
 */
export function withoutUser(data: JsonObject, userIds: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, scrub(value, userIds)]));
}

function scrub(value: JsonValue, userIds: ReadonlySet<string>): JsonValue {
  if (isUser(value, userIds)) return null;
  if (Array.isArray(value)) {
    return value.filter((entry: JsonValue) => !isUser(entry, userIds)).map((entry: JsonValue) => scrub(entry, userIds));
  }
  return isJsonObject(value) ? withoutUser(value, userIds) : value;
}

/** Most requests do not hold the ids at all; the search is far cheaper than reading them. */
function parse(request: string, userIds: ReadonlySet<string>): JsonObject | null {
  return textsOfIds(userIds).some((text) => request.includes(text)) ? JSON.parse(request) : null;
}

function elements(list: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(list) ? list : [];
}

function isUser(value: JsonValue | undefined, userIds: ReadonlySet<string>): boolean {
  const isObject = value !== undefined && isJsonObject(value);
  if (isObject && value["collection"] !== undefined) return false;
  const id = idOf(isObject ? value["id"] : value);
  return id !== null && userIds.has(id);
}
