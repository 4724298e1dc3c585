import { BellwireError } from "../core/errors.js";
import { isJsonObject, type JsonObject } from "../core/json.js";

/** The elements of a payload; `shared` is what an envelope says for all of them. */
export interface UnwrappedPayload {
  readonly elements: readonly unknown[];
  readonly shared: JsonObject | null;
}

/**
 * Takes the wrapping off: a plain event, an array of events, an SDK envelope `{ batch: [...] }`, or either wrapped as
 * Segment's Extensible Webhook does, `{ json: … }`.
 *
 * @throws `PAYLOAD_NOT_EVENTS`
 */
export function unwrapPayload(payload: unknown): UnwrappedPayload {
  if (Array.isArray(payload)) return { elements: payload.map(unwrapElement), shared: null };
  if (!isJsonObject(payload)) {
    const what = payload === null ? "null" : typeof payload;
    const message = `The payload is ${what}; expected a Segment event, an array of them, or an envelope with a batch.`;
    throw new BellwireError({ code: "PAYLOAD_NOT_EVENTS", message });
  }
  const { batch } = payload;
  if (Array.isArray(batch) && !Object.hasOwn(payload, "type")) {
    return { elements: batch.map(unwrapElement), shared: sharedMembers(payload) };
  }
  return { elements: [unwrapElement(payload)], shared: null };
}

function unwrapElement(element: unknown): unknown {
  if (!isJsonObject(element) || Object.hasOwn(element, "type")) return element;
  const { json } = element;
  return isJsonObject(json) ? json : element;
}

function sharedMembers({ context, integrations, sentAt }: JsonObject): JsonObject | null {
  const shared = {
    ...(isJsonObject(context) && { context }),
    ...(isJsonObject(integrations) && { integrations }),
    ...(typeof sentAt === "string" && { sentAt }),
  };
  return Object.keys(shared).length === 0 ? null : shared;
}

/** What the envelope says holds where the event itself says nothing. */
export function withShared(event: JsonObject, shared: JsonObject): JsonObject {
  const merged: Record<string, JsonObject[string]> = { ...shared, ...event };
  for (const name of ["context", "integrations"]) {
    const own = event[name];
    const common = shared[name];
    if (isJsonObject(common)) merged[name] = isJsonObject(own) ? { ...common, ...own } : common;
  }
  return merged;
}
