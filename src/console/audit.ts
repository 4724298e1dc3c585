import { type Call, type Endpoints, limitOf, optional } from "./call.js";
import { maskJson } from "./masking.js";
import type { AuditPage } from "./protocol.js";
import { shownId } from "./views.js";

export const auditEndpoints: Endpoints = { "GET audit": { role: "view", handle: listAudit } };

async function listAudit({ source, environment, query, reveal, signal }: Call): Promise<AuditPage> {
  const { items, nextCursor } = await source.audit.list({
    environment,
    limit: limitOf(query, 100, 500),
    cursor: optional(query, "cursor"),
    signal,
  });
  const entries = items.map((entry) => ({
    at: entry.at.toISOString(),
    by: entry.by,
    action: entry.action,
    environment: entry.environment,
    subject: shownId(entry.subject, reveal),
    detail: reveal ? entry.detail : maskJson(entry.detail),
  }));
  return { entries, nextCursor };
}
