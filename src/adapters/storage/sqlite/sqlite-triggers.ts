import type { TriggerStore } from "../../../storage/trigger-store.js";
import { numberOf, type Row, textOf, textOrNull } from "../stored-row.js";
import { fromStoredText, toStoredText, toStoredTextOrNull } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";

export function sqliteTriggerStore(session: SqliteSession): TriggerStore {
  return {
    async load({ source }) {
      const triggers = session.all("SELECT * FROM bellwire_trigger_overrides WHERE source = ?", source);
      const environments = session.all("SELECT * FROM bellwire_environment_overrides WHERE source = ?", source);
      return {
        triggers: triggers.map((row) => ({
          ...changeOf(row),
          trigger: fromStoredText(textOf(row, "trigger_key")),
          active: numberOf(row, "active") === 1,
        })),
        environments: environments.map((row) => ({ ...changeOf(row), identify: numberOf(row, "identify") === 1 })),
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
