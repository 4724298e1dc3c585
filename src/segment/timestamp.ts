const isoLike =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?(?: UTC)?(?: m=[+-][\d.]+)?$/i;

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

function fromParts(match: RegExpExecArray): Date | null {
  const [year, month, day] = [numberAt(match, 1), numberAt(match, 2), numberAt(match, 3)];
  const [hour, minute, second] = [numberAt(match, 4), numberAt(match, 5), numberAt(match, 6)];
  const milliseconds = Math.floor(Number(`0.${match[7] ?? 0}`) * 1_000);
  // Go writes a time that was never set as year 1, and Date.UTC() takes years below 100 for 19xx.
  if (year < 100) return null;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 60) return null;
  const offset = offsetMinutes(match[8]);
  if (offset === null) return null;
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

function offsetMinutes(zone: string | undefined): number | null {
  if (zone === undefined || !/^[+-]/.test(zone)) return 0;
  const digits = zone.replace(":", "");
  const hours = Number(digits.slice(1, 3));
  const minutes = Number(digits.slice(3, 5));
  if (hours > 14 || minutes > 59) return null;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
