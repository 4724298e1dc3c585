import type { AuditEntry } from "../storage/audit-store.js";
import type { Page } from "../storage/page.js";
import type { InEnvironment } from "./in-environment.js";

export interface ListAuditOptions extends InEnvironment {
  /** @default 50, and 500 at most */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/**
 * What was changed at run time, and by whom: triggers switched, saved and removed, identify switched, runs retried, released and
 * dropped, users and groups deleted, events replayed. An entry is written right after its change (a replay's before it begins); where
 * that fails, the method that made the change rejects. Entries are kept as long as events are.
 */
export interface SegmentSourceAudit {
  /** Newest first, of all environments unless one is named. */
  list(options?: ListAuditOptions): Promise<Page<AuditEntry>>;
}
