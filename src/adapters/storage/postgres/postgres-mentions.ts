import { mentionsUser } from "../../../outcome/mentions.js";
import { forgetRecipient, namesRecipient, textsOfIds } from "../../../recipients/forget-recipient.js";
import type { EraseMentionsParams } from "../../../storage/retention.js";
import { emptyDecision } from "../stored-records.js";
import { type Row, textOf, textOrNull } from "../stored-row.js";
import { type Query, rowsOf, toArray } from "./postgres-client.js";

const holdsText = (column: string) =>
  `EXISTS (SELECT 1 FROM unnest($5::text[]) AS t(text) WHERE strpos(${column}, t.text) > 0)`;

/** The text is searched in the database, so that only what may name the user is sent. */
const pageSql = `
WITH page AS (
  SELECT source, message_id, decision, least(occurred_at, received_at) <= $6::bigint AS is_before FROM bellwire.events
  WHERE environment = $1 AND ($2::text IS NULL OR (source, message_id) > ($2, $3)) ORDER BY source, message_id LIMIT $4::integer
)
SELECT p.source, p.message_id, CASE WHEN p.is_before AND ${holdsText("p.decision")} THEN p.decision END AS decision,
  (SELECT json_agg(json_build_object('key', r.idempotency_key, 'request', r.request)) FROM bellwire.runs r
   WHERE p.is_before AND r.environment = $1 AND r.source = p.source AND r.message_id = p.message_id AND ${holdsText("r.request")}) AS runs
FROM page p ORDER BY p.source, p.message_id`;

const forgetSql = `
WITH asked AS (SELECT * FROM json_to_recordset($2::text::json) AS x(source text, message_id text)
), gone AS (
  DELETE FROM bellwire.runs WHERE idempotency_key IN (SELECT * FROM json_array_elements_text($3::text::json))
), changed AS (
  UPDATE bellwire.runs r SET request = x.request FROM json_to_recordset($4::text::json) AS x(key text, request text)
  WHERE r.idempotency_key = x.key
)
UPDATE bellwire.events e SET payload = NULL, decision = '${emptyDecision}' FROM asked
WHERE e.environment = $1 AND e.source = asked.source AND e.message_id = asked.message_id RETURNING e.source || '/' || e.message_id AS erased`;

/**
 * A page is read again after something on it was forgotten: runs may have been written in between from a request that named the user
 * still, and from then on none are.
 */
export async function eraseMentions(
  query: Query,
  params: EraseMentionsParams,
): Promise<{ readonly erased: number; readonly nextCursor: string | null }> {
  const erased = new Set<string>();
  for (;;) {
    const { mentions, nextCursor } = await readPage(query, params);
    if (mentions.length === 0) return { erased: erased.size, nextCursor };
    for (const event of await forget(query, params.environment, mentions)) erased.add(event);
  }
}

async function readPage(query: Query, { environment, userIds, at, limit, cursor }: EraseMentionsParams) {
  const [source = null, messageId = null]: readonly (string | null)[] = cursor === undefined ? [] : JSON.parse(cursor);
  const ids = new Set(userIds);
  const texts = toArray(textsOfIds(ids));
  const rows = await query(pageSql, environment, source, messageId, limit, texts, at.getTime());
  const last = rows.length < limit ? undefined : rows.at(-1);
  const nextCursor = last === undefined ? null : JSON.stringify([textOf(last, "source"), textOf(last, "message_id")]);
  const mentions = rows.flatMap((row) => {
    const { isMentioned, gone, changed } = mentionsIn(row, ids);
    const event = { source: textOf(row, "source"), message_id: textOf(row, "message_id") };
    return isMentioned ? [{ event, gone, changed }] : [];
  });
  return { mentions, nextCursor };
}

type Mention = Awaited<ReturnType<typeof readPage>>["mentions"][number];

async function forget(query: Query, environment: string, mentions: readonly Mention[]): Promise<readonly string[]> {
  const rows = await query(
    forgetSql,
    environment,
    JSON.stringify(mentions.map(({ event }) => event)),
    JSON.stringify(mentions.flatMap(({ gone }) => gone)),
    JSON.stringify(mentions.flatMap(({ changed }) => changed)),
  );
  return rows.map((row) => textOf(row, "erased"));
}

function mentionsIn(row: Row, userIds: ReadonlySet<string>) {
  const gone: string[] = [];
  const changed: { key: string; request: string }[] = [];
  const runs = rowsOf(row, "runs").map((run) => ({ key: textOf(run, "key"), request: textOf(run, "request") }));
  const decision = textOrNull(row, "decision");
  const isMentioned =
    (decision !== null && mentionsUser(JSON.parse(decision), userIds)) ||
    runs.some(({ request }) => namesRecipient(request, userIds));
  for (const { key, request } of isMentioned ? runs : []) {
    const left = forgetRecipient(request, userIds);
    if (left === null) gone.push(key);
    else if (left !== request) changed.push({ key, request: left });
  }
  return { isMentioned, gone, changed };
}
