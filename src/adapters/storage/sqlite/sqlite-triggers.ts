import type { TriggerStore } from "../../../storage/trigger-store.js";
import { toStoredTrigger } from "../stored-records.js";
import { numberOf, type Row, textOf, textOrNull } from "../stored-row.js";
import { fromStoredText, toStoredText, toStoredTextOrNull } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";

export function sqliteTriggerStore(session: SqliteSession): TriggerStore {
  return {
    async load({ source }) {
      const triggers = session.all("SELECT * FROM bellwire_trigger_overrides WHERE source = ?", source);
      const environments = session.all("SELECT * FROM bellwire_environment_overrides WHERE source = ?", source);
      const stored = session.all("SELECT * FROM bellwire_stored_triggers WHERE source = ?", source);
      return {
        triggers: triggers.map((row) => ({
          ...changeOf(row),
          trigger: fromStoredText(textOf(row, "trigger_key")),
          active: numberOf(row, "active") === 1,
        })),
        environments: environments.map((row) => ({ ...changeOf(row), identify: numberOf(row, "identify") === 1 })),
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

function changeOf(row: Row) {
  const changedBy = textOrNull(row, "changed_by");
  return {
    environment: textOf(row, "environment"),
    changedBy: changedBy === null ? null : fromStoredText(changedBy),
    changedAt: new Date(numberOf(row, "changed_at")),
  };
}
