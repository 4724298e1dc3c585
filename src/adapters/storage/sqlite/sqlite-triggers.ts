import type { TriggerStore } from "../../../storage/trigger-store.js";
import { toStoredText, toStoredTextOrNull } from "../stored-text.js";
import { toEnvironmentOverride, toStoredTrigger, toTriggerOverride } from "../stored-triggers.js";
import type { SqliteSession } from "./sqlite-database.js";

export function sqliteTriggerStore(session: SqliteSession): TriggerStore {
  return {
    async load({ source }) {
      const triggers = session.all("SELECT * FROM bellwire_trigger_overrides WHERE source = ?", source);
      const environments = session.all("SELECT * FROM bellwire_environment_overrides WHERE source = ?", source);
      const stored = session.all("SELECT * FROM bellwire_stored_triggers WHERE source = ?", source);
      return {
        triggers: triggers.map(toTriggerOverride),
        environments: environments.map(toEnvironmentOverride),
        stored: stored.map(toStoredTrigger),
      };
    },
    async setActive({ source, override }) {
      session.run(
        `INSERT INTO bellwire_trigger_overrides (source, environment, trigger_key, active, changed_by, changed_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET active = excluded.active, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
        source,
        override.environment,
        toStoredText(override.trigger),
        override.active ? 1 : 0,
        toStoredTextOrNull(override.changedBy),
        override.changedAt.getTime(),
      );
    },
    async setEnvironment({ source, override }) {
      session.run(
        `INSERT INTO bellwire_environment_overrides (source, environment, identify, changed_by, changed_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET identify = excluded.identify, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
        source,
        override.environment,
        override.identify ? 1 : 0,
        toStoredTextOrNull(override.changedBy),
        override.changedAt.getTime(),
      );
    },
    async save({ source, trigger }) {
      session.run(
        `INSERT INTO bellwire_stored_triggers (source, trigger_key, definition, saved_by, saved_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET definition = excluded.definition, saved_by = excluded.saved_by, saved_at = excluded.saved_at`,
        source,
        toStoredText(trigger.key),
        trigger.definition,
        toStoredTextOrNull(trigger.savedBy),
        trigger.savedAt.getTime(),
      );
    },
    async remove({ source, key }) {
      const stored = toStoredText(key);
      return session.transaction(() => {
        const sql = "DELETE FROM bellwire_stored_triggers WHERE source = ? AND trigger_key = ? RETURNING trigger_key";
        if (session.all(sql, source, stored).length === 0) return false;
        session.run("DELETE FROM bellwire_trigger_overrides WHERE source = ? AND trigger_key = ?", source, stored);
        return true;
      });
    },
  };
}
