import { isJsonObject, type JsonObject } from "../core/json.js";
import type { EventRecord } from "./storage.js";

/**
 * What is kept of an event, under the id that it is kept by: one that came without an id has it from its content, of which `redact`
 * may have taken something out. `null` where nothing is kept.
 */
export function storedPayload({ payload, messageId }: Pick<EventRecord, "payload" | "messageId">): JsonObject | null {
  return isJsonObject(payload) ? { ...payload, messageId } : null;
}
