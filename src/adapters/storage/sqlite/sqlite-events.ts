import type { Clock } from "../../../core/clock.js";
import type { EventReason } from "../../../core/reasons.js";
import type { EventStore, RecordedEventStatus } from "../../../storage/storage.js";
import { userHash } from "../deleted-hash.js";
import { toNameCount } from "../stored-records.js";
import { numberOf, textOf } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";
import { markDeleted } from "./sqlite-deletions.js";
import { forgetWaiting } from "./sqlite-holds.js";
import { eraseMentions } from "./sqlite-mentions.js";
import { pageOf } from "./sqlite-page.js";
import { findEvent, record, storedEvent } from "./sqlite-record.js";
import { countTimeline, isOpen, searchConditions } from "./sqlite-search.js";

export function sqliteEventStore(session: SqliteSession, clock: Clock): EventStore {
  return {
    async record(params) {
      return session.transaction(() => record(session, params, clock.now()));
    },
    async get({ environment, source, messageId }) {
      const row = findEvent(session, environment, source, messageId);
      return row === undefined ? null : storedEvent(session, row);
    },
    async list(params) {
      return pageOf(session, {
        table: "bellwire_events",
        key: "id",
        filters: [
          ["environment = ?", params.environment],
          ["source = ?", params.source],
          [isInStatus(params.status), params.status],
          ["type = ?", params.type],
          ["name = ?", params.name === undefined ? undefined : toStoredText(params.name)],
          ["user_id = ?", params.userId === undefined ? undefined : toStoredText(params.userId)],
          [reasonCondition(params.reason), params.reason],
          ["received_at >= ?", params.receivedFrom?.getTime()],
          ["received_at < ?", params.receivedTo?.getTime()],
        ],
        anyOf: searchConditions(params),
        limit: params.limit,
        cursor: params.cursor,
        toItem: (row) => storedEvent(session, row),
      });
    },
    timeline: async (params) => countTimeline(session, params),
    async names({ environment, source }) {
      const rows = session.all(
        `SELECT type, name, sum(count) AS count, min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at
         FROM bellwire_names WHERE environment = ? AND (? IS NULL OR source = ?) GROUP BY type, name ORDER BY last_seen_at DESC`,
        environment,
        source ?? null,
        source ?? null,
      );
      return rows.map(toNameCount);
    },
    purge: async (params) => session.transaction(() => purge(session, params, clock.now())),
    async erase({ environment, userId, at }) {
      return session.transaction(() => {
        markDeleted(session, environment, userHash(environment, userId), at.getTime());
        const [id, until] = [toStoredText(userId), at.getTime()];
        const rows = session.all(
          `SELECT id FROM bellwire_events WHERE environment = ? AND user_id = ? AND min(occurred_at, received_at) <= ?
           UNION ALL SELECT id FROM bellwire_events
           WHERE environment = ? AND user_id IS NULL AND anonymous_id = ? AND min(occurred_at, received_at) <= ?`,
          environment,
          id,
          until,
          environment,
          id,
          until,
        );
        for (const row of rows) strip(session, numberOf(row, "id"));
        return rows.length + forgetWaiting(session, environment, userId, until);
      });
    },
    eraseMentions: async (params) => session.transaction(() => eraseMentions(session, params)),
  };
}

/** All reasons have an index but the one that most events may have, which goes by their status. */
function reasonCondition(reason: EventReason | undefined): string {
  return reason === "no_matching_trigger" ? "reason = ?" : "reason <> 'no_matching_trigger' AND reason = ?";
}

/** Settling a run that succeeded leaves its event's row alone: while that says `in_progress`, its runs say whether that still holds. */
function isInStatus(status: RecordedEventStatus | undefined): string {
  switch (status) {
    case "in_progress":
      return `status IN ('in_progress', 'failed') AND ${isOpen} AND 'in_progress' = ?`;
    case "failed":
      return `status = 'failed' AND NOT ${isOpen} AND status = ?`;
    default:
      return `status IN ('in_progress', '${status}') AND NOT (status = 'in_progress' AND ${isOpen}) AND base_status = ?`;
  }
}

function purge(session: SqliteSession, params: Parameters<EventStore["purge"]>[0], now: number) {
  const { limit } = params;
  const before = now - params.eventsOlderThanMs;
  const old = environmentsOf(session).flatMap((environment) =>
    session.all(
      `SELECT id FROM bellwire_events WHERE environment = ? AND received_at < ? AND NOT ${isOpen} ORDER BY received_at LIMIT ?`,
      environment,
      before,
      limit,
    ),
  );
  const removed = old.slice(0, limit);
  for (const row of removed) {
    session.run("DELETE FROM bellwire_runs WHERE event_id = ?", numberOf(row, "id"));
    session.run("DELETE FROM bellwire_events WHERE id = ?", numberOf(row, "id"));
  }
  const stale = session.all(
    `SELECT id FROM bellwire_events WHERE received_at < ? AND decision IS NOT NULL AND NOT ${isOpen} ORDER BY received_at LIMIT ?`,
    now - params.payloadsOlderThanMs,
    limit,
  );
  for (const row of stale) strip(session, numberOf(row, "id"));
  session.run("DELETE FROM bellwire_deleted_users WHERE deleted_at < ?", before);
  session.run("DELETE FROM bellwire_members WHERE is_member = 0 AND said_at < ?", before);
  session.run(
    "DELETE FROM bellwire_anonymous WHERE seen_at < ? AND (user_id IS NULL OR said = '[]')",
    now - params.payloadsOlderThanMs,
  );
  session.run("DELETE FROM bellwire_audit WHERE at < ?", before);
  return { payloads: stale.length, events: removed.length };
}

/** One step along the index for each, however many events they have. */
function environmentsOf(session: SqliteSession): readonly string[] {
  const rows = session.all(
    `WITH RECURSIVE found (environment) AS (
       SELECT min(environment) FROM bellwire_events
       UNION ALL SELECT (SELECT min(environment) FROM bellwire_events e WHERE e.environment > found.environment) FROM found
       WHERE found.environment IS NOT NULL)
     SELECT environment FROM found WHERE environment IS NOT NULL`,
  );
  return rows.map((row) => textOf(row, "environment"));
}

/** Leaves what is needed to know the event again. */
function strip(session: SqliteSession, eventId: number): void {
  session.run("DELETE FROM bellwire_runs WHERE event_id = ?", eventId);
  session.run(
    `UPDATE bellwire_events SET payload = NULL, decision = NULL, user_id = NULL, anonymous_id = NULL,
       status = CASE status WHEN 'in_progress' THEN base_status ELSE status END WHERE id = ?`,
    eventId,
  );
}
