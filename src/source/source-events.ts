import type { BellwireError } from "../core/errors.js";
import { callback, oneOf } from "../mapping/option-checks.js";
import type { EventOutcome } from "../outcome/outcome.js";
import type { UserUpdate } from "../storage/user-store.js";

export interface InSource {
  readonly source: string;
  readonly environment: string;
}

/** What a source tells its listeners, by name. */
export interface SegmentSourceEvents {
  /** An event was handled; once for each delivery, duplicates too. */
  event: InSource & {
    readonly outcome: EventOutcome;
    /** From the event's own time until it was received; `null` for what is no event. */
    readonly lagMs: number | null;
  };
  /** A user was created or changed. */
  user: InSource & { readonly user: UserUpdate };
  /** One attempt of a run ended. */
  run: InSource & {
    readonly idempotencyKey: string;
    readonly messageId: string;
    readonly trigger: string;
    readonly workflow: string;
    readonly status: "triggered" | "canceled" | "pending" | "failed";
    readonly attempt: number;
    readonly durationMs: number;
    readonly workflowRunId: string | null;
    readonly error: string | null;
  };
  /** A trigger or setting was switched at run time by this process. */
  override: InSource & { readonly trigger: string | null; readonly by: string | null };
  /** Something failed that no caller is told about. */
  error: InSource & { readonly error: BellwireError };
}

const names: Readonly<Record<keyof SegmentSourceEvents, true>> = {
  event: true,
  user: true,
  run: true,
  override: true,
  error: true,
};
const known = oneOf(...Object.keys(names));

/** A listener to a name that there is not would never be called. @throws `CONFIG_INVALID` */
export function checkListener(name: unknown, listener: unknown): void {
  known(name, "on: name");
  callback(listener, "on: listener");
}
