import type { ExpandedMembers, ExpandParams, ExpandResult } from "../../../storage/run-store.js";
import { decodedOf, numberOf, textOf } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";
import { hasKey, insertRun, leaseFrom, openRunByKey } from "./sqlite-run-rows.js";

export function expandRun(
  session: SqliteSession,
  { idempotencyKey, fence, request, progress, runs, members, owner, leaseMs }: ExpandParams,
  now: number,
): ExpandResult {
  const lease = leaseFrom(now, owner, leaseMs);
  const [row] = session.all(
    `SELECT id, event_id, environment, source, message_id, received_at, request FROM ${openRunByKey}
     WHERE ${hasKey} AND fence = ? AND status = 'pending'`,
    idempotencyKey,
    fence,
  );
  if (row === undefined) return { status: "lease_lost" };
  if (textOf(row, "request") !== request) return { status: "request_changed" };
  if (!areMembers(session, textOf(row, "environment"), members)) return { status: "members_left" };
  session.run(
    "UPDATE bellwire_runs SET progress = ?, owner = ?, leased_until = ? WHERE id = ?",
    progress,
    owner,
    lease.until.getTime(),
    numberOf(row, "id"),
  );
  const event = {
    eventId: numberOf(row, "event_id"),
    environment: textOf(row, "environment"),
    source: textOf(row, "source"),
    messageId: decodedOf(row, "message_id"),
    storedMessageId: textOf(row, "message_id"),
    receivedAt: new Date(numberOf(row, "received_at")),
    parent: idempotencyKey,
  };
  const claimed = runs.flatMap((run, position) => insertRun(session, event, { run, position, now, lease }) ?? []);
  return { status: "expanded", claimed };
}

/** Counted along the primary key: a look-up for each user in each group. */
function areMembers(session: SqliteSession, environment: string, { groupIds, userIds }: ExpandedMembers): boolean {
  const asked = [...new Set(userIds)].map(toStoredText);
  const [row] = session.all(
    `SELECT count(DISTINCT user_id) AS present FROM bellwire_members
     WHERE environment = ? AND group_id IN (SELECT value FROM json_each(?)) AND user_id IN (SELECT value FROM json_each(?))
       AND is_member = 1`,
    environment,
    JSON.stringify(groupIds.map(toStoredText)),
    JSON.stringify(asked),
  );
  return row !== undefined && numberOf(row, "present") === asked.length;
}
