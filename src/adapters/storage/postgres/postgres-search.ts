import { maxPrefixMatches } from "../../../storage/event-search.js";
import type { ListEventsParams } from "../../../storage/storage.js";
import { bucketBounds, maxBucketCount, type TimelineBucket, type TimelineParams } from "../../../storage/timeline.js";
import { numberOf } from "../stored-row.js";
import { prefixRange, toStoredText } from "../stored-text.js";
import type { Query } from "./postgres-client.js";
import type { PostgresCondition } from "./postgres-page.js";

/** Asked along the index for one event at a time; an EXISTS could be made a join that reads all runs. */
export const isOpen = `coalesce((SELECT true FROM bellwire.runs r WHERE r.message_id = t.message_id AND r.environment = t.environment
  AND r.source = t.source AND r.status IN ('pending', 'held') LIMIT 1), false)`;

/** One condition for each index that a search goes by. */
export function searchConditions({
  environment,
  source = "",
  search,
}: ListEventsParams): readonly PostgresCondition[] | undefined {
  if (search === undefined) return undefined;
  const { messageIdPrefix, userId, names } = search;
  const [from, before] = prefixRange(messageIdPrefix);
  return [
    (bind) => `user_id = ${bind(toStoredText(userId))}`,
    (
      bind,
    ) => `message_id = ANY(ARRAY(SELECT p.message_id FROM bellwire.events p WHERE p.environment = ${bind(environment)}
      AND p.source = ${bind(source)} AND p.message_id >= ${bind(from)} AND p.message_id < ${bind(before)} ORDER BY p.message_id LIMIT ${maxPrefixMatches}))`,
    ...names.map(
      ({ type, name }): PostgresCondition =>
        (bind) =>
          `type = ${bind(toStoredText(type))} AND name = ${bind(toStoredText(name))}`,
    ),
  ];
}

export async function countTimeline(
  query: Query,
  { environment, source, ...span }: TimelineParams,
): Promise<readonly TimelineBucket[]> {
  const bounds = bucketBounds(span);
  const count = (condition: string) => `(SELECT count(*) FROM (SELECT 1 FROM bellwire.events t
    WHERE environment = $1 ${source === undefined ? "" : "AND source = $3"} ${condition}
    AND received_at >= b.starts AND received_at < b.ends LIMIT ${maxBucketCount}) counted)`;
  const rows = await query(
    `SELECT ${count("")} AS count, ${count(`AND status = 'failed' AND NOT ${isOpen}`)} AS failed
     FROM json_to_recordset($2::text::json) AS b(position integer, starts bigint, ends bigint) ORDER BY position`,
    environment,
    JSON.stringify(bounds.slice(0, -1).map((starts, position) => ({ position, starts, ends: bounds[position + 1] }))),
    ...(source === undefined ? [] : [source]),
  );
  return rows.map((row, index) => ({
    startsAt: new Date(bounds[index] ?? 0),
    count: numberOf(row, "count"),
    failed: numberOf(row, "failed"),
  }));
}
