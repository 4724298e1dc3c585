import type { ClaimedRun, ExpandParams } from "../../../storage/run-store.js";
import { decodedOf, numberOf, textOf } from "../stored-row.js";
import type { SqliteSession } from "./sqlite-database.js";
import { insertRun } from "./sqlite-run-rows.js";

export function expandRun(
  session: SqliteSession,
  { idempotencyKey, fence, progress, runs, owner, leaseMs }: ExpandParams,
  now: number,
): readonly ClaimedRun[] | null {
  const lease = { owner, now, until: now + leaseMs };
  const [row] = session.all(
    `UPDATE bellwire_runs SET progress = ?, owner = ?, leased_until = ?
     WHERE idempotency_key = ? AND fence = ? AND status = 'pending'
     RETURNING event_id, environment, source, message_id, received_at`,
    progress,
    owner,
    lease.until,
    idempotencyKey,
    fence,
  );
  if (row === undefined) return null;
  const event = {
    eventId: numberOf(row, "event_id"),
    environment: textOf(row, "environment"),
    source: textOf(row, "source"),
    messageId: decodedOf(row, "message_id"),
    storedMessageId: textOf(row, "message_id"),
    receivedAt: new Date(numberOf(row, "received_at")),
    parent: idempotencyKey,
  };
  return runs.flatMap((run, position) => insertRun(session, event, { run, position, now, lease }) ?? []);
}
