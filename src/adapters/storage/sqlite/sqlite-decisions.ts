import { runDecisions } from "../../../storage/run-decision.js";
import type { DecideParams, DecideResult } from "../../../storage/run-store.js";
import { numberOf, textOf } from "../stored-row.js";
import type { SqliteSession } from "./sqlite-database.js";
import { hasKey, leaseFrom, leaseRun, openRunByKey } from "./sqlite-run-rows.js";

export function decide(session: SqliteSession, params: DecideParams, now: number): DecideResult {
  const { from, to } = runDecisions[params.decision];
  const anew = ", next_attempt_at = NULL, first_claimed_at = NULL, attempts_before_retry = attempts";
  const rows = params.idempotencyKeys.flatMap((key) =>
    session.all(
      `UPDATE ${openRunByKey} SET status = '${to}', fence = fence + 1, leased_until = 0${to === "pending" ? anew : ""}
       WHERE ${hasKey} AND environment = ? AND source = ? AND status IN ('${from.join("', '")}')
       RETURNING id, idempotency_key, event_id`,
      key,
      params.environment,
      params.source,
    ),
  );
  for (const eventId of new Set(rows.map((row) => numberOf(row, "event_id")))) followRuns(session, eventId);
  const changed = rows.map((row) => textOf(row, "idempotency_key"));
  const { owner, leaseMs } = params;
  if (leaseMs === null || to !== "pending") return { changed, claimed: [] };
  const lease = leaseFrom(now, owner, leaseMs);
  return { changed, claimed: rows.flatMap((row) => leaseRun(session, numberOf(row, "id"), lease) ?? []) };
}

/** The event's row says whether a run of it has failed for good; what is open its runs say themselves. */
function followRuns(session: SqliteSession, eventId: number): void {
  session.run(
    `UPDATE bellwire_events SET status = CASE WHEN base_status = 'failed' OR EXISTS (SELECT 1 FROM bellwire_runs
       WHERE event_id = bellwire_events.id AND status IN ('failed', 'dead', 'uncertain')) THEN 'failed' ELSE 'in_progress' END
     WHERE id = ?`,
    eventId,
  );
}
