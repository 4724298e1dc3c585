const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const number = new Intl.NumberFormat("en");

/** `18:31:02` today, `24 Nov 18:31:02` on any other day; in the reader's time zone. */
export function shortTime(iso: string, now = new Date()): string {
  const at = new Date(iso);
  return at.toDateString() === now.toDateString() ? time.format(at) : `${day.format(at)} ${time.format(at)}`;
}

export function fullTime(iso: string): string {
  return full.format(new Date(iso));
}

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** `3 min ago`, `in 12 s`, `now`. */
export function relativeTime(iso: string, now = Date.now()): string {
  const ms = new Date(iso).getTime() - now;
  const [unit, size] = units.find(([, length]) => Math.abs(ms) >= length) ?? [null, 1];
  if (unit === null) return "now";
  const amount = `${Math.round(Math.abs(ms) / size)} ${unit}`;
  return ms < 0 ? `${amount} ago` : `in ${amount}`;
}

export function count(value: number): string {
  return number.format(value);
}

/** `no_matching_trigger` as `no matching trigger`. */
export function words(code: string): string {
  return code.replaceAll("_", " ");
}

export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`;
}
