import { isUtf8 } from "node:buffer";
import { BellwireError } from "../core/errors.js";
import { maxPayloadDepth, type SegmentLimits } from "./limits.js";

/** Parsed JSON with what the text says about its size, so that small payloads need not be measured again. */
export interface ReadJson {
  readonly value: unknown;
  /** What it was parsed from; `null` for what has no bytes, such as half a surrogate pair. */
  readonly text: string | null;
  /** Bytes of the text, at most. */
  readonly size: number;
  readonly shape: JsonShape;
}

/** Each measure of it at most. */
export interface JsonShape {
  /** The deepest nesting of brackets outside of strings. */
  readonly depth: number;
  /** Keys of all objects. */
  readonly keys: number;
  /** Characters of the whole, and of the largest member inside one and inside two brackets. */
  readonly largest: readonly [whole: number, first: number, second: number];
  /** Of a list: where its bracket opens, its commas and where the bracket closes; `null` for a text that was not read for it. */
  readonly marks: readonly number[] | null;
}

/**
 * Decodes and parses a body, checking size, encoding and nesting before it does.
 * @throws `PAYLOAD_EMPTY`, `PAYLOAD_TOO_LARGE`, `PAYLOAD_TOO_DEEP`, `PAYLOAD_NOT_JSON`
 */
export function readJson(body: string | Uint8Array, limits: SegmentLimits): ReadJson {
  const size = typeof body === "string" ? maxSizeOf(body, limits.maxBytes) : body.byteLength;
  if (size > limits.maxBytes) {
    throw new BellwireError({
      code: "PAYLOAD_TOO_LARGE",
      message: `The payload has ${size} bytes, more than the ${limits.maxBytes} of limits.maxBytes. Send smaller batches or raise the limit.`,
      details: { size, maxBytes: limits.maxBytes },
    });
  }
  const text = typeof body === "string" ? withoutByteOrderMark(body) : decode(body);
  if (text.trim() === "") {
    const message =
      "The payload is empty. Segment sends an empty body when the destination's `data` mapping resolved to nothing: map it to the whole event.";
    throw new BellwireError({ code: "PAYLOAD_EMPTY", message });
  }
  const shape = boundOf(text, limits) ?? shapeOf(text);
  if (shape.depth > maxPayloadDepth) {
    const message = `The payload is nested more than ${maxPayloadDepth} levels deep; an event may have ${limits.maxDepth}.`;
    throw new BellwireError({ code: "PAYLOAD_TOO_DEEP", message, details: { maxDepth: limits.maxDepth } });
  }
  return { value: parse(text), text: typeof body === "string" && !isWellFormed(body) ? null : text, size, shape };
}

export const maxBytesPerCharacter = 3;

/** Bytes; those of a text that is surely short enough are not counted, which takes as long as to parse it. */
function maxSizeOf(text: string, maxBytes: number): number {
  const most = text.length * maxBytesPerCharacter;
  return most <= maxBytes ? most : Buffer.byteLength(text);
}

/** A text of the host's may hold what UTF-8 has no bytes for. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

function withoutByteOrderMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function decode(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) {
    const message =
      "The payload is not valid UTF-8. Segment sends UTF-8; is something on the way changing the encoding?";
    throw new BellwireError({ code: "PAYLOAD_NOT_JSON", message });
  }
  return withoutByteOrderMark(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The engine's own message quotes the body, which may hold personal data.
    const position = /position (\d+)/.exec(String(error))?.[1];
    const where = position === undefined ? "" : ` (at character ${position})`;
    throw new BellwireError({
      code: "PAYLOAD_NOT_JSON",
      message: `The payload is not JSON${where}.${hint(text)}`,
      details: position === undefined ? {} : { position: Number(position) },
    });
  }
}

/** Walks the text once: what does not parse may be as long as the limit, and hostile. */
function hint(text: string): string {
  const start = text.trimStart();
  const lineEnd = start.indexOf("\n");
  if (start.startsWith("{") && lineEnd > 0) {
    const isLine = start.slice(0, lineEnd).trimEnd().endsWith("}");
    if (isLine && start.slice(lineEnd).trimStart().startsWith("{"))
      return " It looks like one event a line (NDJSON): send an array instead.";
  }
  if (/^[\w%.+-]{1,100}=/.test(start.slice(0, 101))) return " It looks like a form: send the event as JSON.";
  return "";
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
/** The shortest member of an object is `"":1,`. */
export const charactersPerKey = 5;
/** Lists of events are longer, and are read for where each of them begins. */
const smallList = 16_384;

/**
 * What a text of a single event need not be read for: it has no more levels than brackets and no more keys than colons, nor anything
 * longer than itself. `null` where that is no help.
 */
function boundOf(json: string, limits: SegmentLimits): JsonShape | null {
  if (json.length > smallList && isList(json)) return null;
  const brackets = countUpTo(limits.maxDepth, json, "{") + countUpTo(limits.maxDepth, json, "[");
  if (brackets > limits.maxDepth) return null;
  const mostKeys = json.length / charactersPerKey;
  const keys = mostKeys <= limits.maxKeys ? mostKeys : countUpTo(limits.maxKeys, json, ":");
  return { depth: brackets, keys, largest: [json.length, json.length, json.length], marks: null };
}

function isList(json: string): boolean {
  return json.trimStart().startsWith("[");
}

/** One more where there are more. */
function countUpTo(most: number, json: string, character: string): number {
  let count = 0;
  for (let at = json.indexOf(character); at !== -1 && count <= most; at = json.indexOf(character, at + 1)) count += 1;
  return count;
}

/** One pass over the text. `JSON.parse` takes a depth of a million; what walks its result then overflows the stack. */
function shapeOf(json: string): JsonShape {
  let depth = 0;
  let deepest = 0;
  const starts: [number, number] = [0, 0];
  const largest: [number, number] = [0, 0];
  const marks: number[] | null = isList(json) ? [] : null;
  const endMember = (level: 0 | 1, end: number) => {
    largest[level] = Math.max(largest[level], end - starts[level]);
    starts[level] = end;
    if (level === 0) marks?.push(end);
  };
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (code === quote) {
      index = endOfString(json, index);
    } else if ((code | 0x20) === 0x7b) {
      // `{` and `[` differ in one bit only, and so do `}` and `]`.
      depth += 1;
      if (depth > deepest) deepest = depth;
      if (depth === 1) marks?.push(index);
      if (depth <= 2) starts[depth === 1 ? 0 : 1] = index;
    } else if ((code | 0x20) === 0x7d) {
      if (depth === 1 || depth === 2) endMember(depth === 1 ? 0 : 1, index);
      depth -= 1;
    } else if (code === comma && (depth === 1 || depth === 2)) {
      endMember(depth === 1 ? 0 : 1, index);
    }
  }
  return { depth: deepest, keys: json.length / charactersPerKey, largest: [json.length, ...largest], marks };
}

function endOfString(json: string, start: number): number {
  for (let index = start + 1; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (code === quote) return index;
    if (code === backslash) index += 1;
  }
  return json.length;
}
