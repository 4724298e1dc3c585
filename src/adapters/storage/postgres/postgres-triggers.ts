import type { TriggerStore } from "../../../storage/trigger-store.js";
import { toStoredText, toStoredTextOrNull } from "../stored-text.js";
import { toEnvironmentOverride, toStoredTrigger, toTriggerOverride } from "../stored-triggers.js";
import { type Query, rowsOf } from "./postgres-client.js";

export function postgresTriggerStore(query: Query): TriggerStore {
  return {
    async load({ source }) {
      const [row = {}] = await query(
        `SELECT (SELECT json_agg(t) FROM bellwire.trigger_overrides t WHERE source = $1) AS triggers,
                (SELECT json_agg(e) FROM bellwire.environment_overrides e WHERE source = $1) AS environments,
                (SELECT json_agg(s) FROM bellwire.stored_triggers s WHERE source = $1) AS stored`,
        source,
      );
      return {
        triggers: rowsOf(row, "triggers").map(toTriggerOverride),
        environments: rowsOf(row, "environments").map(toEnvironmentOverride),
        stored: rowsOf(row, "stored").map(toStoredTrigger),
      };
    },
    async setActive({ source, override }) {
      await query(
        `INSERT INTO bellwire.trigger_overrides (source, environment, trigger_key, active, changed_by, changed_at)
         VALUES ($1, $2, $3, $4::text::boolean, $5, $6::bigint) ON CONFLICT (source, environment, trigger_key)
         DO UPDATE SET active = excluded.active, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
        source,
        override.environment,
        toStoredText(override.trigger),
        String(override.active),
        toStoredTextOrNull(override.changedBy),
        override.changedAt.getTime(),
      );
    },
    async setEnvironment({ source, override }) {
      await query(
        `INSERT INTO bellwire.environment_overrides (source, environment, identify, changed_by, changed_at)
         VALUES ($1, $2, $3::text::boolean, $4, $5::bigint) ON CONFLICT (source, environment)
         DO UPDATE SET identify = excluded.identify, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
        source,
        override.environment,
        String(override.identify),
        toStoredTextOrNull(override.changedBy),
        override.changedAt.getTime(),
      );
    },
    async save({ source, trigger }) {
      await query(
        `INSERT INTO bellwire.stored_triggers (source, trigger_key, definition, saved_by, saved_at) VALUES ($1, $2, $3, $4, $5::bigint)
         ON CONFLICT (source, trigger_key)
         DO UPDATE SET definition = excluded.definition, saved_by = excluded.saved_by, saved_at = excluded.saved_at`,
        source,
        toStoredText(trigger.key),
        trigger.definition,
        toStoredTextOrNull(trigger.savedBy),
        trigger.savedAt.getTime(),
      );
    },
    async remove({ source, key }) {
      const rows = await query(
        `WITH removed AS (
           DELETE FROM bellwire.stored_triggers WHERE source = $1 AND trigger_key = $2 RETURNING source, trigger_key
         ), overrides AS (
           DELETE FROM bellwire.trigger_overrides o USING removed WHERE o.source = removed.source AND o.trigger_key = removed.trigger_key
         ) SELECT trigger_key FROM removed`,
        source,
        toStoredText(key),
      );
      return rows.length > 0;
    },
  };
}
