import { mentionsUser } from "../../../outcome/mentions.js";
import { forgetRecipient, namesRecipient, textsOfIds } from "../../../recipients/forget-recipient.js";
import type { EraseMentionsParams } from "../../../storage/retention.js";
import { emptyDecision } from "../stored-records.js";
import { numberOf, type Row, textOf, textOrNull } from "../stored-row.js";
import type { SqliteSession } from "./sqlite-database.js";

export function eraseMentions(
  session: SqliteSession,
  { environment, userIds, at, limit, cursor }: EraseMentionsParams,
): { readonly erased: number; readonly nextCursor: string | null } {
  const rows = session.all(
    `SELECT id, decision, min(occurred_at, received_at) AS since FROM bellwire_events
     WHERE environment = ? AND id > ? ORDER BY id LIMIT ?`,
    environment,
    Number(cursor ?? 0),
    limit,
  );
  const ids = new Set(userIds);
  const texts = textsOfIds(ids);
  let erased = 0;
  for (const row of rows) {
    if (numberOf(row, "since") > at.getTime()) continue;
    const eventId = numberOf(row, "id");
    const runs = runsThatHold(session, eventId, texts);
    const isMentioned =
      isNamed(textOrNull(row, "decision"), ids, texts) ||
      runs.some((run) => namesRecipient(textOf(run, "request"), ids));
    if (!isMentioned) continue;
    forgetRuns(session, runs, ids);
    session.run("UPDATE bellwire_events SET payload = NULL, decision = ? WHERE id = ?", emptyDecision, eventId);
    erased += 1;
  }
  const last = rows.length < limit ? undefined : rows.at(-1);
  return { erased, nextCursor: last === undefined ? null : String(numberOf(last, "id")) };
}

function runsThatHold(session: SqliteSession, eventId: number, texts: readonly string[]): readonly Row[] {
  return session.all(
    `SELECT id, request FROM bellwire_runs WHERE event_id = ?
     AND EXISTS (SELECT 1 FROM json_each(?) t WHERE instr(request, t.value) > 0)`,
    eventId,
    JSON.stringify(texts),
  );
}

function isNamed(decision: string | null, ids: ReadonlySet<string>, texts: readonly string[]): boolean {
  if (decision === null || !texts.some((text) => decision.includes(text))) return false;
  return mentionsUser(JSON.parse(decision), ids);
}

function forgetRuns(session: SqliteSession, runs: readonly Row[], userIds: ReadonlySet<string>): void {
  for (const run of runs) {
    const id = numberOf(run, "id");
    const left = forgetRecipient(textOf(run, "request"), userIds);
    if (left === null) session.run("DELETE FROM bellwire_runs WHERE id = ?", id);
    else session.run("UPDATE bellwire_runs SET request = ? WHERE id = ?", left, id);
  }
}
