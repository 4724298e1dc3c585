/** An id as text: senders write the same one as a number too. `null` for what names nobody. */
export function idOf(value: unknown): string | null {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : null;
}
