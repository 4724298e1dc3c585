import type { JsonObject, JsonValue } from "../core/json.js";

/** Never an inherited property. */
export function ownMember(holder: JsonObject | undefined, name: string): JsonValue | undefined {
  return holder !== undefined && Object.hasOwn(holder, name) ? holder[name] : undefined;
}
