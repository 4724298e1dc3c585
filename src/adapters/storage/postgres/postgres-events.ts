import type { EventReason } from "../../../core/reasons.js";
import type { EventRecord, EventStore, RecordedEventStatus } from "../../../storage/storage.js";
import { userHash } from "../deleted-hash.js";
import { toEventRecord, toNameCount } from "../stored-records.js";
import type { Row } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import { nowMs, type Query, rowsOf } from "./postgres-client.js";
import { markDeleted } from "./postgres-deletions.js";
import { forgetWaitingSql } from "./postgres-holds.js";
import { eraseMentions } from "./postgres-mentions.js";
import { pageOf } from "./postgres-page.js";
import { record, withRuns } from "./postgres-record.js";
import { countTimeline, isOpen, searchConditions } from "./postgres-search.js";

export function postgresEventStore(query: Query): EventStore {
  return {
    record: (params) => record(query, params),
    async get({ environment, source, messageId }) {
      const [row] = await query(
        `SELECT t.*, ${withRuns} FROM bellwire.events t WHERE environment = $1 AND source = $2 AND message_id = $3`,
        environment,
        source,
        toStoredText(messageId),
      );
      return row === undefined ? null : storedEvent(row);
    },
    async list(params) {
      return pageOf(query, {
        table: "bellwire.events",
        // Sources share an environment; a messageId may occur in several.
        key: "(message_id || '/' || source)",
        extra: withRuns,
        filters: [
          ["environment =", params.environment],
          ["source =", params.source],
          [isInStatus(params.status), params.status],
          ["type =", params.type],
          ["name =", params.name === undefined ? undefined : toStoredText(params.name)],
          ["user_id =", params.userId === undefined ? undefined : toStoredText(params.userId)],
          [reasonComparison(params.reason), params.reason],
          ["received_at >=", params.receivedFrom?.getTime()],
          ["received_at <", params.receivedTo?.getTime()],
        ],
        primaryKey: "environment, source, message_id",
        anyOf: searchConditions(params),
        limit: params.limit,
        cursor: params.cursor,
        toItem: storedEvent,
      });
    },
    timeline: (params) => countTimeline(query, params),
    async names({ environment, source }) {
      const rows = await query(
        `SELECT type, name, sum(count) AS count, min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at
         FROM bellwire.names WHERE environment = $1 AND ($2::text IS NULL OR source = $2) GROUP BY type, name ORDER BY 5 DESC`,
        environment,
        source ?? null,
      );
      return rows.map(toNameCount);
    },
    async purge({ payloadsOlderThanMs, eventsOlderThanMs, limit }) {
      const [row] = await query(purgeSql, payloadsOlderThanMs, eventsOlderThanMs, limit);
      return { payloads: Number(row?.["payloads"] ?? 0), events: Number(row?.["events"] ?? 0) };
    },
    async erase({ environment, userId, at }) {
      await markDeleted(query, environment, [userHash(environment, userId)], at.getTime());
      const theirs = await query(eraseSql, environment, toStoredText(userId), at.getTime());
      // An event of theirs that waited for them has no run any more, and so is not counted twice.
      const waiting = await query(forgetWaitingSql, environment, toStoredText(userId), at.getTime());
      return theirs.length + waiting.length;
    },
    eraseMentions: (params) => eraseMentions(query, params),
  };
}

/** Each status has an index of its own, which holds nothing but what is open; the environment is the first value of a list. */
const openRuns = (status: "pending" | "held") =>
  `SELECT r.environment, r.source, r.message_id FROM bellwire.runs r WHERE r.environment = $1 AND r.status = '${status}'`;

/** Settling a run that succeeded leaves its event's row alone: while that says `in_progress`, its runs say whether that still holds. */
function isInStatus(status: RecordedEventStatus | undefined): string {
  switch (status) {
    case "in_progress":
      return `(environment, source, message_id) IN (${openRuns("pending")} UNION ALL ${openRuns("held")}) AND 'in_progress' =`;
    case "failed":
      return `status = 'failed' AND NOT ${isOpen} AND status =`;
    default:
      return `status IN ('in_progress', '${status}') AND NOT (status = 'in_progress' AND ${isOpen}) AND base_status =`;
  }
}

/** All reasons have an index but the one that most events may have, which goes by their status. */
function reasonComparison(reason: EventReason | undefined): string {
  return reason === "no_matching_trigger" ? "reason =" : "reason <> 'no_matching_trigger' AND reason =";
}

/**
 * Nobody decided about its runs within the last minute, nor while this statement ran: that is seen in the event's own row alone, which
 * is read anew once it is locked.
 */
const isLeftAlone = `coalesce(t.reopened_at, 0) < ${nowMs} - 60000`;

const bare = `payload = NULL, decision = NULL, user_id = NULL, anonymous_id = NULL, pending_runs = 0, failed_runs = 0,
  status = CASE t.status WHEN 'in_progress' THEN t.base_status ELSE t.status END`;

/**
 * Oldest first, environment by environment, each along its index: what is kept costs nothing. Rows that somebody is at are left for
 * the next time.
 */
const purgeSql = `
WITH RECURSIVE environments AS (
  (SELECT environment FROM bellwire.events ORDER BY environment LIMIT 1)
  UNION ALL
  SELECT (SELECT e.environment FROM bellwire.events e WHERE e.environment > p.environment ORDER BY e.environment LIMIT 1)
  FROM environments p WHERE p.environment IS NOT NULL
), old AS (
  SELECT t.environment, t.source, t.message_id FROM environments p CROSS JOIN LATERAL (
    SELECT * FROM bellwire.events t WHERE t.environment = p.environment AND t.received_at < ${nowMs} - $2::bigint AND NOT ${isOpen}
    ORDER BY t.received_at LIMIT $3::integer) t
  LIMIT $3::integer
), locked AS (
  SELECT environment, source, message_id FROM bellwire.events t WHERE (environment, source, message_id) IN (SELECT * FROM old) AND ${isLeftAlone}
  FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM bellwire.events t USING locked
  WHERE t.environment = locked.environment AND t.source = locked.source AND t.message_id = locked.message_id
  RETURNING t.environment, t.source, t.message_id
), stale AS (
  SELECT environment, source, message_id FROM bellwire.events t
  WHERE received_at < ${nowMs} - $1::bigint AND received_at >= ${nowMs} - $2::bigint AND decision IS NOT NULL AND NOT ${isOpen}
    AND ${isLeftAlone}
  ORDER BY received_at LIMIT $3::integer FOR UPDATE SKIP LOCKED
), stripped AS (
  UPDATE bellwire.events t SET ${bare} FROM stale
  WHERE t.environment = stale.environment AND t.source = stale.source AND t.message_id = stale.message_id RETURNING 1
), runs AS (
  DELETE FROM bellwire.runs r USING (SELECT * FROM gone UNION ALL SELECT * FROM stale) e
  WHERE r.message_id = e.message_id AND r.environment = e.environment AND r.source = e.source
), users AS (
  DELETE FROM bellwire.deleted_users WHERE deleted_at < ${nowMs} - $2::bigint
), members AS (
  DELETE FROM bellwire.members WHERE NOT is_member AND said_at < ${nowMs} - $2::bigint
), visitors AS (
  DELETE FROM bellwire.anonymous WHERE seen_at < ${nowMs} - $1::bigint AND (user_id IS NULL OR said = '[]')
), audit AS (
  DELETE FROM bellwire.audit WHERE at < ${nowMs} - $2::bigint
)
SELECT (SELECT count(*) FROM stripped) AS payloads, (SELECT count(*) FROM gone) AS events`;

const eraseSql = `
WITH theirs AS (
  SELECT environment, source, message_id FROM bellwire.events WHERE environment = $1
  AND (user_id = $2 OR (user_id IS NULL AND anonymous_id = $2)) AND least(occurred_at, received_at) <= $3::bigint ORDER BY 2, 3 FOR UPDATE
), runs AS (
  DELETE FROM bellwire.runs r USING theirs e
  WHERE r.message_id = e.message_id AND r.environment = e.environment AND r.source = e.source
)
UPDATE bellwire.events t SET ${bare} FROM theirs
WHERE t.environment = theirs.environment AND t.source = theirs.source AND t.message_id = theirs.message_id RETURNING 1 AS erased`;

function storedEvent(row: Row): EventRecord {
  return toEventRecord(row, rowsOf(row, "runs"));
}
