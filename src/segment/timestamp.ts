const date = /(\d{4})-(\d{1,2})-(\d{1,2})/.source;
const time = /(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?/.source;
/** After the offset Go writes the zone's name, or the offset once more where it has none. */
const zone = /Z|UTC|([+-]\d{2}(?::?\d{2})?)(?: [a-z+-][a-z\d+-]{0,9})?/.source;
/** What Go's monotonic clock said. */
const monotonic = / m=[+-][\d.]+/.source;
const isoLike = new RegExp(`^${date}(?:[T ]${time})?\\s*(?:${zone})?(?:${monotonic})?$`, "i");

/** The range in which a bare number can mean a moment: 2001 to 2286, in seconds or in milliseconds. */
const minSeconds = 1e9;
const maxSeconds = 1e10;

/**
 * Reads a timestamp as Segment's senders really write it. What has no zone is UTC; bare numbers, or digits in a text, are seconds
 * (ten digits) or milliseconds (thirteen). `new Date()` gets these wrong, and rolls impossible dates over into the next month.
 *
 * @returns `null` for what is no moment
 */
export function parseSegmentTimestamp(value: unknown): Date | null {
  if (typeof value === "number") return fromNumber(value);
  if (typeof value !== "string") return null;
  if (isCanonical(value)) return fromCanonical(value);
  const text = value.trim();
  if (/^\d+(?:\.\d+)?$/.test(text)) return fromNumber(Number(text));
  const match = isoLike.exec(text);
  return match === null ? null : fromParts(match);
}

function fromNumber(value: number): Date | null {
  if (value >= minSeconds && value < maxSeconds) return new Date(Math.round(value * 1_000));
  if (value >= minSeconds * 1_000 && value < maxSeconds * 1_000) return new Date(Math.round(value));
  return null;
}

/** `YYYY-MM-DDTHH:MM:SS.mmmZ`, as nearly everybody writes it. */
function isCanonical(text: string): boolean {
  if (text.length !== canonical.length) return false;
  for (let at = 0; at < canonical.length; at += 1) {
    const code = text.charCodeAt(at);
    const expected = canonical.charCodeAt(at);
    if (expected === zero ? code < zero || code > zero + 9 : code !== expected) return false;
  }
  return true;
}

const canonical = "0000-00-00T00:00:00.000Z";
const zero = 0x30;

function fromCanonical(text: string): Date | null {
  return toDate({
    year: digitsAt(text, 0, 4),
    month: digitsAt(text, 5, 7),
    day: digitsAt(text, 8, 10),
    hour: digitsAt(text, 11, 13),
    minute: digitsAt(text, 14, 16),
    second: digitsAt(text, 17, 19),
    milliseconds: digitsAt(text, 20, 23),
    offset: 0,
  });
}

function digitsAt(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) value = value * 10 + text.charCodeAt(at) - zero;
  return value;
}

function fromParts(match: RegExpExecArray): Date | null {
  // A date alone that ends in two digits more is no date with an offset.
  if (match[4] === undefined && match[8]?.length === 3) return null;
  const offset = offsetMinutes(match[8]);
  if (offset === null) return null;
  return toDate({
    year: numberAt(match, 1),
    month: numberAt(match, 2),
    day: numberAt(match, 3),
    hour: numberAt(match, 4),
    minute: numberAt(match, 5),
    second: numberAt(match, 6),
    milliseconds: Math.floor(Number(`0.${match[7] ?? 0}`) * 1_000),
    offset,
  });
}

interface Parts {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly milliseconds: number;
  /** Minutes that the zone is before UTC. */
  readonly offset: number;
}

function toDate({ year, month, day, hour, minute, second, milliseconds, offset }: Parts): Date | null {
  // Go writes a time that was never set as year 1, and Date.UTC() takes years below 100 for 19xx.
  if (year < 100) return null;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 60) return null;
  return new Date(Date.UTC(year, month - 1, day, hour, minute - offset, second, milliseconds));
}

function numberAt(match: RegExpExecArray, group: number): number {
  return Number(match[group] ?? 0);
}

const longMonths: ReadonlySet<number> = new Set([1, 3, 5, 7, 8, 10, 12]);

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return longMonths.has(month) ? 31 : 30;
}

function offsetMinutes(offset: string | undefined): number | null {
  if (offset === undefined) return 0;
  const digits = offset.replace(":", "");
  const hours = Number(digits.slice(1, 3));
  const minutes = Number(digits.slice(3, 5));
  if (hours > 14 || minutes > 59) return null;
  return (offset.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
