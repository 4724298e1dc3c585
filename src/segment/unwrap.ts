import { BellwireError } from "../core/errors.js";
import { isJsonObject, type JsonObject } from "../core/json.js";
import { kindOf } from "./kind-of.js";

/** The elements of a payload, still in the wrapping of their own; see {@link unwrapElement}. */
export interface UnwrappedPayload {
  readonly elements: readonly unknown[];
  /** What an envelope says for all of them. */
  readonly shared: JsonObject | null;
  /** How many brackets are around an element. */
  readonly level: 0 | 1 | 2;
}

/**
 * Takes the outer wrapping off: none around a single event, an array of events, or an SDK envelope `{ batch: [...] }`.
 *
 * @throws `PAYLOAD_NOT_EVENTS`
 */
export function unwrapPayload(payload: unknown): UnwrappedPayload {
  if (Array.isArray(payload)) return { elements: payload, shared: null, level: 1 };
  if (!isJsonObject(payload)) {
    const message = `The payload is ${kindOf(payload)}; expected a Segment event, an array of them, or an envelope with a batch.`;
    throw new BellwireError({ code: "PAYLOAD_NOT_EVENTS", message });
  }
  if ("then" in payload && typeof payload["then"] === "function") {
    const message = "The payload is a promise; await it: handleSegmentPayload(await request.json()).";
    throw new BellwireError({ code: "PAYLOAD_NOT_EVENTS", message });
  }
  const { batch } = payload;
  if (Array.isArray(batch) && !Object.hasOwn(payload, "type")) {
    return { elements: batch, shared: sharedMembers(payload), level: 2 };
  }
  return { elements: [payload], shared: null, level: 0 };
}

/** Takes off what Segment's Extensible Webhook puts around each event: `{ json: … }`. */
export function unwrapElement(element: unknown): unknown {
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
