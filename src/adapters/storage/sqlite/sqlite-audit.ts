import type { AuditStore } from "../../../storage/audit-store.js";
import { toAuditPage } from "../stored-records.js";
import { toStoredTextOrNull } from "../stored-text.js";
import type { SqliteSession } from "./sqlite-database.js";

export function sqliteAuditStore(session: SqliteSession): AuditStore {
  return {
    async append({ source, entries }) {
      session.transaction(() => {
        for (const { at, by, action, environment, subject, detail } of entries) {
          session.run(
            `INSERT INTO bellwire_audit (source, at, changed_by, action, environment, subject, detail) VALUES (?, ?, ?, ?, ?, ?, ?)`,
            source,
            at.getTime(),
            toStoredTextOrNull(by),
            action,
            environment,
            toStoredTextOrNull(subject),
            detail === null ? null : JSON.stringify(detail),
          );
        }
      });
    },
    async list({ source, environment, limit, cursor }) {
      const rows = session.all(
        `SELECT * FROM bellwire_audit WHERE source = ? AND id < ? AND (? IS NULL OR environment IS NULL OR environment = ?)
         ORDER BY id DESC LIMIT ?`,
        source,
        cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor),
        environment ?? null,
        environment ?? null,
        limit + 1,
      );
      return toAuditPage(rows, limit);
    },
  };
}
