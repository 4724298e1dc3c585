/** An id as text: senders write the same one as a number too. `null` for what names nobody, or not for sure. */
export function idOf(value: unknown): string | null {
  if (typeof value === "number") return isExact(value) ? String(value) : null;
  return typeof value === "string" && value !== "" ? value : null;
}

/** Beyond these, JSON reads different numbers as the same one. */
export function isExact(id: number): boolean {
  return Math.abs(id) <= Number.MAX_SAFE_INTEGER;
}

/** Two of them, and what stands beside them, fit into one row of an index of PostgreSQL, which refuses the whole payload otherwise. */
export const maxIdBytes = 1_000;
/** What a database can not keep takes six bytes a character. */
const surelyShort = maxIdBytes / 6;

/** How many bytes an id or a name takes in storage, where they are too many; otherwise `null`. */
export function excessBytes(text: string): number | null {
  if (text.length <= surelyShort) return null;
  const bytes = Buffer.byteLength(JSON.stringify(text)) - 2;
  return bytes > maxIdBytes ? bytes : null;
}
