import type { AuditStore } from "../../../storage/audit-store.js";
import { toAuditPage } from "../stored-records.js";
import { toStoredTextOrNull } from "../stored-text.js";
import type { Query } from "./postgres-client.js";

const appendSql = `
INSERT INTO bellwire.audit (source, at, changed_by, action, environment, subject, detail)
SELECT $1, at, changed_by, action, environment, subject, detail FROM json_to_recordset($2::text::json)
AS x(at bigint, changed_by text, action text, environment text, subject text, detail text)`;

const listSql = `
SELECT * FROM bellwire.audit
WHERE source = $1 AND id < coalesce($2::bigint, 9223372036854775807) AND ($3::text IS NULL OR environment IS NULL OR environment = $3)
ORDER BY id DESC LIMIT $4::integer`;

export function postgresAuditStore(query: Query): AuditStore {
  return {
    async append({ source, entries }) {
      const input = entries.map(({ at, by, action, environment, subject, detail }) => ({
        at: at.getTime(),
        changed_by: toStoredTextOrNull(by),
        action,
        environment,
        subject: toStoredTextOrNull(subject),
        detail: detail === null ? null : JSON.stringify(detail),
      }));
      await query(appendSql, source, JSON.stringify(input));
    },
    async list({ source, environment, limit, cursor }) {
      const rows = await query(listSql, source, cursor ?? null, environment ?? null, limit + 1);
      return toAuditPage(rows, limit);
    },
  };
}
