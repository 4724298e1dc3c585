import type { ClaimedRun, NewRun } from "../../../storage/run-store.js";
import { newRunRecord, toClaimedRun } from "../stored-records.js";
import type { Row } from "../stored-row.js";
import { toStoredText, toStoredTextOrNull } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";

/** The event that a run belongs to, as far as its row tells of it. */
export interface EventOfRun {
  readonly eventId: number;
  readonly environment: string;
  readonly source: string;
  readonly messageId: string;
  readonly storedMessageId: string;
  readonly receivedAt: Date;
  /** The run that made it, where it was not recorded with its event. */
  readonly parent?: string;
}

/** A run by its key as it can still change; those that are done with, which are most, are found along their event only. */
export const openRunByKey = "bellwire_runs INDEXED BY bellwire_runs_key";
export const hasKey = "idempotency_key = ? AND status <> 'triggered'";

export interface Lease {
  readonly owner: string;
  readonly now: number;
  readonly until: Date;
}

interface PlannedRun {
  readonly run: NewRun;
  readonly position: number;
  readonly now: number;
  readonly lease: Lease | null;
}

export function leaseFrom(now: number, owner: string, leaseMs: number): Lease {
  return { owner, now, until: new Date(now + leaseMs) };
}

/** Inserts a planned run, leased from the start unless it is held or nobody takes a lease. @returns what is leased, or `null` */
export function insertRun(session: SqliteSession, event: EventOfRun, planned: PlannedRun): ClaimedRun | null {
  const { run, position, now } = planned;
  const { hold } = run;
  const lease = hold === undefined ? planned.lease : null;
  session.run(
    `INSERT INTO bellwire_runs (idempotency_key, event_id, position, environment, source, message_id, trigger_key, workflow, action, request,
       received_at, status, waiting_for, held_until, hold_then, fence, owner, leased_until, first_claimed_at,
       parent)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    run.idempotencyKey,
    event.eventId,
    position,
    event.environment,
    event.source,
    event.storedMessageId,
    toStoredText(run.trigger),
    toStoredText(run.workflow),
    run.action,
    run.request,
    event.receivedAt.getTime(),
    hold === undefined ? "pending" : "held",
    toStoredTextOrNull(hold?.userId ?? null),
    hold === undefined ? null : now + hold.forMs,
    hold?.onExpiry ?? null,
    lease === null ? 0 : 1,
    lease?.owner ?? null,
    lease?.until.getTime() ?? 0,
    lease?.now ?? null,
    event.parent ?? null,
  );
  if (lease === null) return null;
  return { run: newRunRecord(event, run, lease.now, event.parent), fence: 1, leasedUntil: lease.until };
}

export function runsOfEvent(session: SqliteSession, eventId: number): readonly Row[] {
  return session.all("SELECT * FROM bellwire_runs WHERE event_id = ? AND parent IS NULL ORDER BY position", eventId);
}

/** Leases one run; its fence grows, so that whoever had it before can no longer settle it. */
export function leaseRun(session: SqliteSession, id: number, lease: Lease): ClaimedRun | null {
  const [row] = session.all(
    `UPDATE bellwire_runs SET fence = fence + 1, owner = ?, leased_until = ?, first_claimed_at = coalesce(first_claimed_at, ?)
     WHERE id = ? RETURNING *`,
    lease.owner,
    lease.until.getTime(),
    lease.now,
    id,
  );
  return row === undefined ? null : toClaimedRun(row, lease.until);
}

/** Marks the event of a run that failed for good: it is `failed` as soon as none of its runs is open. */
export function failEvent(session: SqliteSession, idempotencyKey: string): void {
  session.run(
    `UPDATE bellwire_events SET status = 'failed' WHERE id = (SELECT event_id FROM ${openRunByKey} WHERE ${hasKey})`,
    idempotencyKey,
  );
}
