import type { RunResult } from "../../../storage/run-store.js";
import { textOf } from "../stored-row.js";
import { toStoredTextOrNull } from "../stored-text.js";
import { nowMs, type Query, toArray } from "./postgres-client.js";

/**
 * A function, so that the plan is made once for each connection and is along the keys whatever the tables hold at that moment: made
 * while they were small it would read them whole long after they have grown, and made anew each time it takes as long as the work.
 * The rows stand in the order of their keys. The status is compared in a way that the index of pending runs does not serve: with many
 * of them each key would be looked for among all.
 */
export const settleFunctionSql = `CREATE FUNCTION bellwire.settle(
     keys text[], fences integer[], statuses text[], workflow_run_ids text[], errors text[], retries_in_ms bigint[], durations_ms integer[]
   ) RETURNS TABLE (settled_key text) LANGUAGE plpgsql VOLATILE
   SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $settle$ BEGIN
     RETURN QUERY WITH input AS (
       SELECT * FROM unnest(keys, fences, statuses, workflow_run_ids, errors, retries_in_ms, durations_ms)
         AS x(key, fence, status, workflow_run_id, error, retry_in_ms, duration_ms)
     ), settled AS (
       UPDATE bellwire.runs r SET status = i.status, attempts = r.attempts + 1, leased_until = 0, workflow_run_id = i.workflow_run_id,
         error = i.error, duration_ms = i.duration_ms, next_attempt_at = coalesce(${nowMs} + i.retry_in_ms, 0)
       FROM input i WHERE r.idempotency_key = i.key AND r.fence = i.fence AND coalesce(r.status = 'pending', false)
       RETURNING r.idempotency_key, r.environment, r.source, r.message_id, r.status
     ), failed AS (
       UPDATE bellwire.events e SET status = 'failed', failed_runs = e.failed_runs + f.runs
       FROM (SELECT s.environment, s.source, s.message_id, count(*)::integer AS runs FROM settled s
         WHERE s.status IN ('failed', 'dead', 'uncertain') GROUP BY 1, 2, 3) f
       WHERE e.environment = f.environment AND e.source = f.source AND e.message_id = f.message_id
     )
     SELECT s.idempotency_key FROM settled s;
   END $settle$;`;

/**
 * Events are looked at only where runs failed: to make ready for it takes as long as to settle several runs. Which runs these are is
 * told by the rows that were changed here, so that a result that comes twice counts once.
 */
export const settleWithoutEventsFunctionSql = `CREATE OR REPLACE FUNCTION bellwire.settle(
     keys text[], fences integer[], statuses text[], workflow_run_ids text[], errors text[], retries_in_ms bigint[], durations_ms integer[]
   ) RETURNS TABLE (settled_key text) LANGUAGE plpgsql VOLATILE
   SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $settle$
   DECLARE settled_keys text[];
   BEGIN
     WITH settled AS (
       UPDATE bellwire.runs r SET status = i.status, attempts = r.attempts + 1, leased_until = 0, workflow_run_id = i.workflow_run_id,
         error = i.error, duration_ms = i.duration_ms, next_attempt_at = coalesce(${nowMs} + i.retry_in_ms, 0)
       FROM unnest(keys, fences, statuses, workflow_run_ids, errors, retries_in_ms, durations_ms)
         AS i(key, fence, status, workflow_run_id, error, retry_in_ms, duration_ms)
       WHERE r.idempotency_key = i.key AND r.fence = i.fence AND coalesce(r.status = 'pending', false)
       RETURNING r.idempotency_key
     )
     SELECT array_agg(s.idempotency_key) FROM settled s INTO settled_keys;
     IF statuses && ARRAY['failed', 'dead', 'uncertain'] THEN
       UPDATE bellwire.events e SET status = 'failed', failed_runs = e.failed_runs + f.runs
       FROM (SELECT r.environment, r.source, r.message_id, count(*)::integer AS runs FROM bellwire.runs r
         WHERE r.idempotency_key = ANY (settled_keys) AND r.status IN ('failed', 'dead', 'uncertain') GROUP BY 1, 2, 3) f
       WHERE e.environment = f.environment AND e.source = f.source AND e.message_id = f.message_id;
     END IF;
     RETURN QUERY SELECT unnest(settled_keys);
   END $settle$;`;

const settleSql = `SELECT settled_key FROM bellwire.settle(
  $1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::integer[])`;

export async function settle(query: Query, results: readonly RunResult[]): Promise<readonly boolean[]> {
  if (results.length === 0) return [];
  const sorted = results.toSorted((left, right) => (left.idempotencyKey < right.idempotencyKey ? -1 : 1));
  const column = (value: (result: RunResult) => string | number | null) => toArray(sorted.map(value));
  const rows = await query.prepared(
    settleSql,
    column((result) => result.idempotencyKey),
    column((result) => result.fence),
    column((result) => result.status),
    column((result) => toStoredTextOrNull(result.workflowRunId)),
    column((result) => toStoredTextOrNull(result.error)),
    column((result) => result.retryInMs),
    column((result) => result.durationMs ?? null),
  );
  const settled = new Set(rows.map((row) => textOf(row, "settled_key")));
  return results.map((result) => settled.has(result.idempotencyKey));
}
