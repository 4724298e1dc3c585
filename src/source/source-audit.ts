import { hash } from "node:crypto";
import type { AuditEntry } from "../storage/audit-store.js";
import { checkCall, pageChecks } from "./check-call.js";
import type { InEnvironment } from "./in-environment.js";
import { boundedLimit } from "./page-limit.js";
import type { SegmentSourceAudit } from "./segment-source-audit.js";
import { resolveEnvironment, type SourceContext, throwIfAborted } from "./source-context.js";

export interface Change extends Pick<AuditEntry, "action" | "subject"> {
  /** Those that it was made in; `null` for a change that concerns all. */
  readonly environments: readonly (string | null)[];
  readonly by: string | null | undefined;
  readonly detail?: AuditEntry["detail"];
}

/** Writes down what somebody changed at run time. */
export async function audit(
  { options, storageCall }: Pick<SourceContext, "options" | "storageCall">,
  { action, subject, environments, by = null, detail = null }: Change,
): Promise<void> {
  const at = new Date(options.clock.now());
  const entries = environments.map((environment) => ({ at, by, action, environment, subject, detail }));
  await storageCall("audit.append", (signal) => options.storage.audit.append({ source: options.key, entries, signal }));
}

/** Tells the deletion of one user from that of another, and does not name them. */
export function hashOfUser(environment: string, id: string): string {
  return hash("sha256", JSON.stringify([environment, id]));
}

export function createSourceAudit({ options, storageCall }: SourceContext): SegmentSourceAudit {
  const inEnvironment = ({ environment }: InEnvironment) =>
    environment === undefined ? undefined : resolveEnvironment(options, environment);
  return {
    async list(call = {}) {
      checkCall("audit.list", { call, checks: pageChecks });
      throwIfAborted(call.signal);
      const { cursor } = call;
      const params = { source: options.key, environment: inEnvironment(call), limit: boundedLimit(call.limit), cursor };
      return storageCall("audit.list", (signal) => options.storage.audit.list({ ...params, signal }));
    },
  };
}
