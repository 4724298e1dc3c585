/** An id as text: senders write the same one as a number too. `null` for what names nobody, or not for sure. */
export function idOf(value: unknown): string | null {
  if (typeof value === "number") return isExact(value) ? String(value) : null;
  return typeof value === "string" && value !== "" ? value : null;
}

/** Beyond these, JSON reads different numbers as the same one. */
export function isExact(id: number): boolean {
  return Math.abs(id) <= Number.MAX_SAFE_INTEGER;
}
