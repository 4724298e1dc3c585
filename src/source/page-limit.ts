const defaultLimit = 50;
const maxLimit = 500;

/** How many items a page of a list has: a wish out of bounds is brought into them. */
export function boundedLimit(wanted: number | undefined): number {
  return Math.min(Math.max(1, Math.trunc(wanted ?? defaultLimit)), maxLimit);
}
