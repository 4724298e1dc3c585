const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;

/** The position of the closing quote, or of the end. */
function endOfString(json: Uint8Array, start: number): number {
  for (let index = start + 1; index < json.length; index += 1) {
    if (json[index] === quote) return index;
    if (json[index] === backslash) index += 1;
  }
  return json.length;
}

export interface FirstElement {
  /** The exact bytes of element 0, without the white space around it. */
  readonly bytes: Uint8Array;
  /** Whether anything follows it. */
  readonly isOnly: boolean;
}

/** Cuts element 0 out of the bytes of a JSON array; `null` when they are no array or an empty one. Does not validate. */
export function firstArrayElement(json: Uint8Array): FirstElement | null {
  const open = skipWhitespace(json, startOfText(json));
  if (json[open] !== openBracket) return null;
  const start = skipWhitespace(json, open + 1);
  const end = endOfValue(json, start);
  if (end === start) return null;
  return { bytes: json.subarray(start, trimEnd(json, start, end)), isOnly: json[end] !== comma };
}

/**
 * The bytes of the value of a JSON object whose only member is `name`; otherwise `null`. A second member could be what a parser
 * takes instead: of members with the same name, `JSON.parse` keeps the last.
 */
export function soleMember(json: Uint8Array, name: string): Uint8Array | null {
  const open = skipWhitespace(json, 0);
  if (json[open] !== openBrace) return null;
  const key = skipWhitespace(json, open + 1);
  const wanted = new TextEncoder().encode(JSON.stringify(name));
  if (!equalBytes(json.subarray(key, key + wanted.length), wanted)) return null;
  // Past the colon.
  const start = skipWhitespace(json, skipWhitespace(json, key + wanted.length) + 1);
  const end = endOfValue(json, start);
  return json[end] === closeBrace ? json.subarray(start, trimEnd(json, start, end)) : null;
}

/**
 * The bytes of the value that a member of a JSON object has; of members with the same name that of the last, which is what
 * `JSON.parse` takes. `null` where there is none. Does not validate.
 */
export function memberOf(json: Uint8Array, name: string): Uint8Array | null {
  const open = skipWhitespace(json, startOfText(json));
  if (json[open] !== openBrace) return null;
  let found: Uint8Array | null = null;
  let key = skipWhitespace(json, open + 1);
  while (json[key] === quote) {
    const keyEnd = endOfString(json, key) + 1;
    // Past the colon.
    const start = skipWhitespace(json, skipWhitespace(json, keyEnd) + 1);
    const end = endOfValue(json, start);
    if (readString(json.subarray(key, keyEnd)) === name) found = json.subarray(start, trimEnd(json, start, end));
    if (json[end] !== comma) break;
    key = skipWhitespace(json, end + 1);
  }
  return found;
}

/** Of names and keys, with every character escaped. */
const maxStringBytes = 1_200;

/** The text of the bytes of a JSON string; `null` for anything else, and for a long one. */
export function readString(json: Uint8Array): string | null {
  if (json[0] !== quote || json.length > maxStringBytes) return null;
  try {
    const text: string = JSON.parse(Buffer.from(json).toString("utf8"));
    return text;
  } catch {
    return null;
  }
}

/** The position of the comma or bracket that ends the value which starts at `start`. */
function endOfValue(json: Uint8Array, start: number): number {
  let depth = 0;
  for (let index = start; index < json.length; index += 1) {
    const byte = json[index];
    if (byte === quote) {
      index = endOfString(json, index);
    } else if (byte === openBrace || byte === openBracket) {
      depth += 1;
    } else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0) return index;
      depth -= 1;
    } else if (byte === comma && depth === 0) {
      return index;
    }
  }
  return json.length;
}

function startOfText(json: Uint8Array): number {
  return json[0] === 0xef && json[1] === 0xbb && json[2] === 0xbf ? 3 : 0;
}

function skipWhitespace(json: Uint8Array, start: number): number {
  let index = start;
  while (isWhitespace(json[index])) index += 1;
  return index;
}

function trimEnd(json: Uint8Array, start: number, end: number): number {
  let index = end;
  while (index > start && isWhitespace(json[index - 1])) index -= 1;
  return index;
}

function isWhitespace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
