import type { ClaimedRun, RunStore, WakeParams } from "../../../storage/run-store.js";
import { emptyDecision, toExpiredHold } from "../stored-records.js";
import { numberOf, textOf } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";
import { leaseFrom, leaseRun } from "./sqlite-run-rows.js";

export function wakeHeld(
  session: SqliteSession,
  { environment, source, userIds, owner, leaseMs }: WakeParams,
  now: number,
): readonly ClaimedRun[] {
  const woken = userIds.map(toStoredText).flatMap((userId) =>
    session.all(
      `UPDATE bellwire_runs SET status = 'pending' WHERE environment = ? AND status = 'held' AND waiting_for IN (
         SELECT ? UNION ALL SELECT id FROM bellwire_merged_users WHERE environment = ? AND merged_into = ?) RETURNING id, source`,
      environment,
      userId,
      environment,
      userId,
    ),
  );
  if (leaseMs === null) return [];
  const lease = leaseFrom(now, owner, leaseMs);
  return woken
    .filter((row) => textOf(row, "source") === source)
    .flatMap((row) => leaseRun(session, numberOf(row, "id"), lease) ?? []);
}

export function findExpired(
  session: SqliteSession,
  { environment, source, limit }: Parameters<RunStore["expired"]>[0],
  now: number,
): Awaited<ReturnType<RunStore["expired"]>> {
  const rows = session.all(
    `SELECT waiting_for, hold_then FROM bellwire_runs
     WHERE environment = ? AND source = ? AND status = 'held' AND held_until <= ? ORDER BY held_until LIMIT ?`,
    environment,
    source,
    now,
    limit,
  );
  return rows.map(toExpiredHold);
}

export function skipHeld(
  session: SqliteSession,
  { environment, source, userIds }: Parameters<RunStore["skip"]>[0],
  now: number,
): number {
  const rows = userIds.flatMap((userId) =>
    session.all(
      `UPDATE bellwire_runs SET status = 'skipped'
       WHERE environment = ? AND source = ? AND waiting_for = ? AND status = 'held' AND held_until <= ? RETURNING event_id`,
      environment,
      source,
      toStoredText(userId),
      now,
    ),
  );
  return rows.length;
}

/** Takes out the runs that wait or waited for a user; of the events they belong to, what names the user. */
export function forgetWaiting(session: SqliteSession, environment: string, userId: string, at: number): number {
  const rows = session.all(
    `DELETE FROM bellwire_runs WHERE environment = ? AND waiting_for = ?
       AND (SELECT min(occurred_at, received_at) FROM bellwire_events WHERE id = event_id) <= ? RETURNING event_id`,
    environment,
    toStoredText(userId),
    at,
  );
  const events = new Set(rows.map((row) => numberOf(row, "event_id")));
  for (const eventId of events) {
    session.run("UPDATE bellwire_events SET payload = NULL, decision = ? WHERE id = ?", emptyDecision, eventId);
  }
  return events.size;
}
