import type { ExpandParams, ExpandResult } from "../../../storage/run-store.js";
import { toClaimedRuns } from "../stored-records.js";
import { isTrue, numberOf } from "../stored-row.js";
import { toStoredText, toStoredTextOrNull } from "../stored-text.js";
import { nowMs, type Query, rowsOf, toArray } from "./postgres-client.js";

/**
 * The event's own row stays as it is: as long as one of its runs is open, so is the event.
 *
 * The lock on the memberships makes their erasure wait for these runs. An erasure that came first is waited for, and what it took is
 * then no longer counted. Other words about a membership are not in the way of this lock. Whoever locks several memberships of a user
 * does it in the order of the groups.
 */
const expandSql = `
WITH asking AS (
  SELECT environment, request = $10 AS is_same FROM bellwire.runs
  WHERE idempotency_key = $1 AND fence = $2::integer AND status = 'pending'
), members AS MATERIALIZED (
  SELECT user_id FROM bellwire.members
  WHERE environment = (SELECT environment FROM asking) AND group_id = ANY ($7::text[]) AND user_id = ANY ($8::text[]) AND is_member
  ORDER BY user_id, group_id FOR KEY SHARE
), made_by AS (
  UPDATE bellwire.runs SET progress = $3, owner = $4, leased_until = ${nowMs} + $5::bigint
  WHERE idempotency_key = $1 AND fence = $2::integer AND status = 'pending' AND request = $10
    AND (SELECT count(DISTINCT user_id) FROM members) = $9::integer
  RETURNING idempotency_key, environment, source, message_id, received_at
), added AS (
  INSERT INTO bellwire.runs (idempotency_key, environment, source, message_id, position, trigger_key, workflow, action, request,
    received_at, status, fence, owner, leased_until, first_claimed_at, waiting_for, held_until, hold_then, parent)
  SELECT x.idempotency_key, m.environment, m.source, m.message_id, x.position, x.trigger_key, x.workflow, x.action, x.request,
    m.received_at, CASE WHEN x.waiting_for IS NULL THEN 'pending' ELSE 'held' END,
    CASE WHEN x.waiting_for IS NULL THEN 1 ELSE 0 END, $4,
    CASE WHEN x.waiting_for IS NULL THEN ${nowMs} + $5::bigint ELSE 0 END,
    CASE WHEN x.waiting_for IS NULL THEN ${nowMs} END, x.waiting_for, ${nowMs} + x.hold_ms, x.hold_then, m.idempotency_key
  FROM json_to_recordset($6::text::json) AS x(idempotency_key text, position integer, trigger_key text, workflow text,
    action text, request text, waiting_for text, hold_ms bigint, hold_then text), made_by m ORDER BY x.idempotency_key
  RETURNING *
)
SELECT (SELECT is_same FROM asking) AS is_same, (SELECT count(*)::integer FROM made_by) AS made_by,
  (SELECT count(DISTINCT user_id)::integer FROM members) AS present, (SELECT json_agg(a ORDER BY a.position) FROM added a) AS added`;

export async function expandRun(
  query: Query,
  { idempotencyKey, fence, request, progress, runs, members, owner, leaseMs }: ExpandParams,
): Promise<ExpandResult> {
  const input = runs.map((run, position) => ({
    idempotency_key: run.idempotencyKey,
    position,
    trigger_key: toStoredText(run.trigger),
    workflow: toStoredText(run.workflow),
    action: run.action,
    request: run.request,
    waiting_for: toStoredTextOrNull(run.hold?.userId ?? null),
    hold_ms: run.hold?.forMs ?? null,
    hold_then: run.hold?.onExpiry ?? null,
  }));
  const users = [...new Set(members.userIds)].map(toStoredText);
  const [row] = await query(
    expandSql,
    idempotencyKey,
    fence,
    progress,
    owner,
    leaseMs,
    JSON.stringify(input),
    toArray(members.groupIds.map(toStoredText)),
    toArray(users),
    users.length,
    request,
  );
  if (row === undefined || row["is_same"] === null) return { status: "lease_lost" };
  if (!isTrue(row["is_same"])) return { status: "request_changed" };
  if (numberOf(row, "present") < users.length) return { status: "members_left" };
  if (numberOf(row, "made_by") === 0) return { status: "lease_lost" };
  const leased = rowsOf(row, "added").filter((added) => numberOf(added, "fence") > 0);
  return { status: "expanded", claimed: toClaimedRuns(leased) };
}
