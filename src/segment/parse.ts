import { isJsonObject, type JsonObject, type JsonValue, toPlainJson } from "../core/json.js";
import { checkLimits } from "./check-limits.js";
import {
  type InvalidEvent,
  type InvalidEventReason,
  type ReceivedEvent,
  type SegmentEvent,
  type SegmentEventType,
  segmentEventTypes,
} from "./event.js";
import { excessBytes, idOf, isExact, maxIdBytes } from "./id-of.js";
import { kindOf } from "./kind-of.js";
import { resolveLimits, type SegmentLimits } from "./limits.js";
import { invalidMessageId, messageIdOf } from "./message-id.js";
import { readPayload } from "./read-payload.js";
import { Refusal } from "./refusal.js";
import { parseSegmentTimestamp } from "./timestamp.js";
import { unwrapElement, withShared } from "./unwrap.js";

export interface ParseOptions {
  readonly receivedAt: Date;
  /** The type of events that carry none: only where the sender's path says it, as in `/v1/track`. */
  readonly defaultType?: SegmentEventType | undefined;
  readonly limits?: Partial<SegmentLimits>;
}

export type ParsedEvent =
  | { readonly ok: true; readonly event: ReceivedEvent }
  | { readonly ok: false; readonly invalid: InvalidEvent };

/**
 * Reads whatever Segment and its SDKs send: a string, bytes or parsed JSON; one event, an array, or an envelope. An element that
 * is no event is reported in its place and never stops the others.
 *
 * @throws `PAYLOAD_*`, and nothing else, when the whole is not a payload
 */
export function parseSegmentPayload(payload: unknown, options: ParseOptions): readonly ParsedEvent[] {
  const limits = resolveLimits(options.limits);
  const { elements, textOf, shared, mayExceedLimits } = readPayload(payload, limits);
  const parse = (element: unknown, index: number): ParsedEvent => {
    const given = unwrapElement(element);
    if (!isJsonObject(given)) return refuse(index, given, "not_an_object", `Expected an event, got ${kindOf(given)}.`);
    if (shared instanceof Refusal) return refuse(index, given, shared.reason, shared.message);
    const whole = shared === null ? given : withShared(given, shared);
    const checked = mayExceedLimits ? checkLimits(whole, limits) : whole;
    if (checked instanceof Refusal) return refuse(index, given, checked.reason, checked.message);
    return parseEvent({ index, whole, given: checked, text: checked === element ? textOf(index) : null }, options);
  };
  // Not map(), which leaves out what a list has no element for.
  return Array.from(elements, (element, index) => {
    try {
      return parse(element, index);
    } catch {
      return unreadable(index, element);
    }
  });
}

/** Of an object of the host's that runs code where it is read. */
function unreadable(index: number, element: unknown): ParsedEvent {
  const message = "The event can not be read: a property of it throws.";
  const messageId = invalidMessageId(element);
  return {
    ok: false,
    invalid: { index, messageId, type: null, name: null, reason: "field_invalid", message, payload: null },
  };
}

function refuse(index: number, element: unknown, reason: InvalidEventReason, message: string): ParsedEvent {
  const isEvent = isJsonObject(element);
  const oversized = reason.startsWith("event_too");
  const payload: JsonValue = oversized ? null : (toPlainJson(element) ?? null);
  const type = isEvent && typeof element["type"] === "string" ? element["type"].slice(0, 100) : null;
  const name = isEvent && typeof element["event"] === "string" ? element["event"].slice(0, 100) : null;
  return {
    ok: false,
    invalid: { index, messageId: invalidMessageId(element), type, name, reason, message, payload },
  };
}

interface Element {
  readonly index: number;
  /** As it came: a plain copy has lost what JSON has no word for. */
  readonly whole: JsonObject;
  readonly given: JsonObject;
  /** What it is, to the letter. */
  readonly text: string | null;
}

function parseEvent({ index, whole, given, text }: Element, options: ParseOptions): ParsedEvent {
  const type = typeOf(given, options.defaultType);
  if (type === null) return refuse(index, given, ...describeType(given));
  const event: SegmentEvent = isTyped(given) ? given : { ...given, type };
  const wrong = wrongField(event, whole);
  if (wrong !== null) return refuse(index, given, "field_invalid", wrong);
  const name = nameOf(event, type);
  if (type === "track" && name === null) {
    return refuse(
      index,
      given,
      "event_name_missing",
      "A track event needs a name: `event` must be a text that is not empty.",
    );
  }
  const bytes = name === null ? null : excessBytes(name);
  if (bytes !== null)
    return refuse(index, given, "field_invalid", `The name takes ${bytes} bytes; at most ${maxIdBytes} make a name.`);
  return {
    ok: true,
    event: {
      event,
      text: event === given ? text : null,
      type,
      name,
      messageId: messageIdOf(event),
      userId: idOf(event["userId"]),
      anonymousId: idOf(event["anonymousId"]),
      occurredAt: occurredAt(event) ?? options.receivedAt,
    },
  };
}

function isType(value: unknown): value is SegmentEventType {
  return segmentEventTypes.some((type) => type === value);
}

function isTyped(event: JsonObject): event is SegmentEvent {
  return isType(event["type"]);
}

function typeOf({ type }: JsonObject, defaultType: SegmentEventType | undefined): SegmentEventType | null {
  if (isType(type)) return type;
  return type === undefined || type === null ? (defaultType ?? null) : null;
}

function describeType({ type }: JsonObject): [InvalidEventReason, string] {
  const known = segmentEventTypes.join(", ");
  if (type === undefined || type === null || type === "") {
    return [
      "type_missing",
      `The event has no type (one of ${known}). Is the destination's \`data\` mapping set to the whole event?`,
    ];
  }
  if (typeof type !== "string") return ["type_unknown", `The type is ${kindOf(type)}; expected one of ${known}.`];
  return ["type_unknown", `The type ${JSON.stringify(type.slice(0, 50))} is none of ${known}.`];
}

const idFields = ["userId", "anonymousId", "groupId", "previousId"] as const;
const objectFields = ["properties", "traits"] as const;

function wrongField(event: SegmentEvent, whole: JsonObject): string | null {
  for (const field of idFields) {
    const wrong = wrongId(field, typeof whole[field] === "number" ? whole[field] : event[field]);
    if (wrong !== null) return wrong;
  }
  for (const field of objectFields) {
    const value = event[field];
    if (value === undefined || value === null || isJsonObject(value)) continue;
    // PHP senders write an empty map as an empty list.
    if (Array.isArray(value) && value.length === 0) continue;
    return `${field} is ${kindOf(value)}; expected an object.`;
  }
  return null;
}

function wrongId(field: string, value: JsonValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "number") {
    return isExact(value)
      ? null
      : `${field} is a number too large to be exact, so that ids would mix; send it as text.`;
  }
  if (typeof value !== "string") return `${field} is ${kindOf(value)}; expected a text or a number.`;
  const bytes = excessBytes(value);
  return bytes === null ? null : `${field} takes ${bytes} bytes; at most ${maxIdBytes} make an id.`;
}

function nameOf(event: SegmentEvent, type: SegmentEventType): string | null {
  if (type === "track") return textOf(event["event"]);
  if (type !== "page" && type !== "screen") return null;
  const properties = event["properties"];
  const inProperties = isJsonObject(properties) ? textOf(properties["name"]) : null;
  return textOf(event["name"]) ?? textOf(event["event"]) ?? inProperties;
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

const timeFields = ["timestamp", "originalTimestamp", "sentAt", "receivedAt"] as const;

function occurredAt(event: SegmentEvent): Date | null {
  for (const field of timeFields) {
    const time = parseSegmentTimestamp(event[field]);
    if (time !== null) return time;
  }
  return null;
}
