import { maxPrefixMatches } from "../../../storage/event-search.js";
import type { ListEventsParams } from "../../../storage/storage.js";
import { bucketBounds, maxBucketCount, type TimelineBucket, type TimelineParams } from "../../../storage/timeline.js";
import { numberOf } from "../stored-row.js";
import { prefixRange, toStoredText } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";
import type { SqliteCondition } from "./sqlite-page.js";

/** As a condition on `bellwire_events`. */
export const isOpen =
  "EXISTS (SELECT 1 FROM bellwire_runs WHERE event_id = bellwire_events.id AND status IN ('pending', 'held'))";

/** One condition for each index that a search goes by. */
export function searchConditions({
  environment,
  source = "",
  search,
}: ListEventsParams): readonly SqliteCondition[] | undefined {
  if (search === undefined) return undefined;
  const { messageIdPrefix, userId, names } = search;
  const prefixed = `id IN (SELECT id FROM bellwire_events INDEXED BY sqlite_autoindex_bellwire_events_1
    WHERE environment = ? AND source = ? AND message_id >= ? AND message_id < ? ORDER BY message_id LIMIT ${maxPrefixMatches})`;
  return [
    { sql: "user_id = ?", parameters: [toStoredText(userId)] },
    { hint: "NOT INDEXED", sql: prefixed, parameters: [environment, source, ...prefixRange(messageIdPrefix)] },
    ...names.map(({ type, name }) => ({
      sql: "type = ? AND name = ?",
      parameters: [toStoredText(type), toStoredText(name)],
    })),
  ];
}

export function countTimeline(
  session: SqliteSession,
  { environment, source, ...span }: TimelineParams,
): readonly TimelineBucket[] {
  const bounds = bucketBounds(span);
  const scope = source === undefined ? [environment] : [environment, source];
  const count = (condition: string, start: number, end: number) => {
    const [row = {}] = session.all(
      `SELECT count(*) AS count FROM (SELECT 1 FROM bellwire_events WHERE environment = ? ${source === undefined ? "" : "AND source = ?"}
         ${condition} AND received_at >= ? AND received_at < ? LIMIT ${maxBucketCount})`,
      ...scope,
      start,
      end,
    );
    return numberOf(row, "count");
  };
  return bounds.slice(0, -1).map((start, index) => {
    const end = bounds[index + 1] ?? start;
    return {
      startsAt: new Date(start),
      count: count("", start, end),
      failed: count(`AND status = 'failed' AND NOT ${isOpen}`, start, end),
    };
  });
}
