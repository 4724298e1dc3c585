import type { ListEventsOptions, SegmentSource } from "./segment-source.js";

/** How many events a filter finds at most, where that can be told without reading them; otherwise `null`. */
export async function countEvents(
  events: Pick<SegmentSource["events"], "names">,
  { type, name, environment, signal, ...rest }: ListEventsOptions,
): Promise<number | null> {
  if (Object.values(rest).some((value) => value !== undefined)) return null;
  const counts = await events.names({ environment, signal });
  return counts
    .filter((count) => (type === undefined || count.type === type) && (name === undefined || count.name === name))
    .reduce((sum, { count }) => sum + count, 0);
}
