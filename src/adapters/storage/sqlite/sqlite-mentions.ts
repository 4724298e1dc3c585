import { mentionsUser } from "../../../outcome/mentions.js";
import { forgetRecipient, namesRecipient } from "../../../recipients/forget-recipient.js";
import type { EraseMentionsParams } from "../../../storage/retention.js";
import { emptyDecision } from "../stored-records.js";
import { numberOf, type Row, textOf, textOrNull } from "../stored-row.js";
import type { SqliteSession } from "./sqlite-database.js";

export function eraseMentions(
  session: SqliteSession,
  { environment, userId, limit, cursor }: EraseMentionsParams,
): { readonly erased: number; readonly nextCursor: string | null } {
  const rows = session.all(
    "SELECT id, decision FROM bellwire_events WHERE environment = ? AND id > ? ORDER BY id LIMIT ?",
    environment,
    Number(cursor ?? 0),
    limit,
  );
  let erased = 0;
  for (const row of rows) {
    const eventId = numberOf(row, "id");
    const runs = session.all(
      "SELECT id, request FROM bellwire_runs WHERE event_id = ? AND instr(request, ?) > 0",
      eventId,
      JSON.stringify(userId),
    );
    const isMentioned =
      isNamed(textOrNull(row, "decision"), userId) ||
      runs.some((run) => namesRecipient(textOf(run, "request"), userId));
    if (!isMentioned) continue;
    forgetRuns(session, runs, userId);
    session.run("UPDATE bellwire_events SET payload = NULL, decision = ? WHERE id = ?", emptyDecision, eventId);
    erased += 1;
  }
  const last = rows.length < limit ? undefined : rows.at(-1);
  return { erased, nextCursor: last === undefined ? null : String(numberOf(last, "id")) };
}

function isNamed(decision: string | null, userId: string): boolean {
  return decision?.includes(JSON.stringify(userId)) === true && mentionsUser(JSON.parse(decision), userId);
}

function forgetRuns(session: SqliteSession, runs: readonly Row[], userId: string): void {
  for (const run of runs) {
    const id = numberOf(run, "id");
    const left = forgetRecipient(textOf(run, "request"), userId);
    if (left === null) session.run("DELETE FROM bellwire_runs WHERE id = ?", id);
    else session.run("UPDATE bellwire_runs SET request = ? WHERE id = ?", left, id);
  }
}
