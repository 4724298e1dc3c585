import type { JsonObject } from "../core/json.js";
import type { Page } from "./page.js";
import type { Abortable } from "./scope.js";

/** What people change at run time. */
export const auditActions = [
  "trigger_enabled",
  "trigger_disabled",
  "trigger_saved",
  "trigger_removed",
  "identify_enabled",
  "identify_disabled",
  "runs_retried",
  "runs_released",
  "runs_dropped",
  "user_deleted",
  "group_deleted",
  "events_replayed",
] as const;
export type AuditAction = (typeof auditActions)[number];

/** A change that somebody made at run time. It names no user; for one who was deleted it has a hash. */
export interface AuditEntry {
  readonly at: Date;
  /** Who did it, by the word of the caller; `null` where nothing was said. */
  readonly by: string | null;
  readonly action: AuditAction;
  /** `null`: it concerns all environments. */
  readonly environment: string | null;
  /** The key of the trigger or of the one run, the id of the replay or of the group, the hash of the user. */
  readonly subject: string | null;
  readonly detail: JsonObject | null;
}

/** What was changed at run time, source by source; only ever added to, until `events.purge` takes out what is old. */
export interface AuditStore {
  append(params: Abortable & { readonly source: string; readonly entries: readonly AuditEntry[] }): Promise<void>;
  /** The last that was appended first; the order is total. With an environment also what concerns all environments. */
  list(params: ListAuditParams): Promise<Page<AuditEntry>>;
}

export interface ListAuditParams extends Abortable {
  readonly source: string;
  readonly environment?: string | undefined;
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}
