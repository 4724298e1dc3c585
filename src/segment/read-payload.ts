import { isAnyArrayBuffer } from "node:util/types";
import { BellwireError } from "../core/errors.js";
import type { JsonObject } from "../core/json.js";
import { checkLimits } from "./check-limits.js";
import type { SegmentLimits } from "./limits.js";
import { charactersPerKey, type JsonShape, maxBytesPerCharacter, readJson } from "./read-json.js";
import { Refusal } from "./refusal.js";
import { type UnwrappedPayload, unwrapPayload } from "./unwrap.js";

/** The elements of a payload with what the payload as a whole says about them. */
export interface ReadPayload {
  readonly elements: readonly unknown[];
  /** The text of an element, where one is at hand; that of a single event, or a part of the text of a list. */
  readonly textOf: (index: number) => string | null;
  /** What an envelope says for all of them; a refusal when no event can carry it. */
  readonly shared: JsonObject | Refusal | null;
  /** Whether an element can be over the limits of one event: the text of small payloads rules it out. */
  readonly mayExceedLimits: boolean;
}

/** @throws `PAYLOAD_*` when the whole is not a payload, or one with too much in it */
export function readPayload(payload: unknown, limits: SegmentLimits): ReadPayload {
  const body = bodyOf(payload);
  if (body !== null) {
    const { value, text, size: sizeOfAll, shape } = readJson(body, limits);
    const unwrapped = unwrapPayload(value);
    const { shared, size } = checkShared(unwrapped, limits);
    const characters = shape.largest[unwrapped.level];
    const bytes = Math.min(characters * maxBytesPerCharacter, sizeOfAll) + size;
    const keys = Math.min(shape.keys, characters / charactersPerKey) + size / charactersPerKey;
    const mayExceedLimits = shape.depth > limits.maxDepth || bytes > limits.maxEventBytes || keys > limits.maxKeys;
    return {
      elements: unwrapped.elements,
      textOf: textsOf(unwrapped.level, text, shape.marks),
      shared,
      mayExceedLimits,
    };
  }
  return readParsed(payload, limits);
}

/** An object of the host's may run code where it is read. */
function readParsed(payload: unknown, limits: SegmentLimits): ReadPayload {
  try {
    const unwrapped = unwrapPayload(payload);
    const { shared } = checkShared(unwrapped, limits);
    return { elements: unwrapped.elements, textOf: noText, shared, mayExceedLimits: true };
  } catch (error) {
    if (BellwireError.is(error)) throw error;
    const message = "The payload can not be read: a property of it throws.";
    throw new BellwireError({ code: "PAYLOAD_NOT_EVENTS", message, cause: error });
  }
}

/** What is to be parsed still. */
function bodyOf(payload: unknown): string | Uint8Array | null {
  if (typeof payload === "string" || payload instanceof Uint8Array) return payload;
  if (ArrayBuffer.isView(payload)) return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
  return isAnyArrayBuffer(payload) ? new Uint8Array(payload) : null;
}

function textsOf(level: 0 | 1 | 2, text: string | null, marks: JsonShape["marks"]): ReadPayload["textOf"] {
  if (text === null || level === 2) return noText;
  if (level === 0) return () => text;
  return marks === null ? noText : (index) => text.slice(Number(marks[index]) + 1, marks[index + 1]);
}

const noText = () => null;

/** What an envelope says for all becomes part of every event: a payload within its limits must not grow beyond them by that. */
function checkShared({ elements, shared }: UnwrappedPayload, limits: SegmentLimits): CheckedShared {
  requireFew(elements.length, limits);
  if (shared === null) return { shared, size: 0 };
  const checked = checkLimits(shared, limits);
  if (checked instanceof Refusal) {
    return { shared: new Refusal(checked.reason, `In what the envelope says for all: ${checked.message}`), size: 0 };
  }
  const size = Buffer.byteLength(JSON.stringify(checked));
  if (size * elements.length <= limits.maxBytes) return { shared: checked, size };
  throw new BellwireError({
    code: "PAYLOAD_TOO_LARGE",
    message: `The ${size} bytes that the envelope says for all of its ${elements.length} events make the payload larger than the ${limits.maxBytes} bytes of limits.maxBytes. Send smaller batches or raise the limit.`,
    details: { size, events: elements.length, maxBytes: limits.maxBytes },
  });
}

interface CheckedShared {
  readonly shared: JsonObject | Refusal | null;
  /** Bytes that it adds to an event. */
  readonly size: number;
}

function requireFew(events: number, limits: SegmentLimits): void {
  if (events <= limits.maxEvents) return;
  throw new BellwireError({
    code: "PAYLOAD_TOO_LARGE",
    message: `The payload has ${events} events, more than the ${limits.maxEvents} of limits.maxEvents. Send smaller batches.`,
    details: { events, maxEvents: limits.maxEvents },
  });
}
