import type { ClaimedRun, NewRun } from "../../../storage/storage.js";
import { toClaimedRun } from "../stored-records.js";
import type { Row } from "../stored-row.js";
import { toStoredText } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";

/** Where a run belongs; the event's texts are in their stored form already. */
export interface RunOwner {
  readonly eventId: number;
  readonly environment: string;
  readonly source: string;
  readonly messageId: string;
  readonly receivedAt: number;
}

export function insertRun(
  session: SqliteSession,
  { eventId, ...event }: RunOwner,
  run: NewRun,
  position: number,
  now: number,
): void {
  const { hold } = run;
  session.run(
    `INSERT INTO bellwire_runs (idempotency_key, event_id, position, environment, source, message_id, trigger_key, workflow, action, request,
       received_at, status, waiting_for, held_until, hold_then)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    run.idempotencyKey,
    eventId,
    position,
    event.environment,
    event.source,
    event.messageId,
    toStoredText(run.trigger),
    toStoredText(run.workflow),
    run.action,
    run.request,
    event.receivedAt,
    hold === undefined ? "pending" : "held",
    hold === undefined ? null : toStoredText(hold.userId),
    hold === undefined ? null : now + hold.forMs,
    hold === undefined ? null : hold.onExpiry,
  );
}

export function runsOfEvent(session: SqliteSession, eventId: number): readonly Row[] {
  return session.all("SELECT * FROM bellwire_runs WHERE event_id = ? ORDER BY position", eventId);
}

/** Leases one run; its fence grows, so that whoever had it before can no longer settle it. */
export function leaseRun(
  session: SqliteSession,
  key: string,
  lease: { readonly owner: string; readonly now: number; readonly until: number },
): ClaimedRun | null {
  const [row] = session.all(
    `UPDATE bellwire_runs SET fence = fence + 1, owner = ?, leased_until = ?, first_claimed_at = coalesce(first_claimed_at, ?)
     WHERE idempotency_key = ? RETURNING *`,
    lease.owner,
    lease.until,
    lease.now,
    key,
  );
  return row === undefined ? null : toClaimedRun(row);
}

export function updateEventStatus(session: SqliteSession, eventId: number): void {
  session.run(
    `UPDATE bellwire_events SET status = CASE
       WHEN EXISTS (SELECT 1 FROM bellwire_runs WHERE event_id = bellwire_events.id AND status IN ('pending', 'held')) THEN 'in_progress'
       WHEN EXISTS (SELECT 1 FROM bellwire_runs WHERE event_id = bellwire_events.id AND status IN ('failed', 'dead', 'uncertain')) THEN 'failed'
       ELSE base_status END
     WHERE id = ?`,
    eventId,
  );
}
