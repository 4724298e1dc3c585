/** How many items a page of a list has. */
export interface PageLimits {
  readonly byDefault: number;
  readonly atMost: number;
}

const mostLists: PageLimits = { byDefault: 50, atMost: 500 };

/** A limit out of bounds is brought into them. */
export function boundedLimit(wanted: number | undefined, { byDefault, atMost } = mostLists): number {
  if (wanted === undefined || Number.isNaN(wanted)) return byDefault;
  return Math.min(Math.max(1, Math.trunc(wanted)), atMost);
}
