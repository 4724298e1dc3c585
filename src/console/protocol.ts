import type { JsonObject, JsonValue } from "../core/json.js";
import type { EventOutcome, EventStatus, OutcomeDetail, TriggerOutcome, TriggerStatus } from "../outcome/outcome.js";
import type { ConditionTrace, PathTrace, TriggerTrace } from "../outcome/trace.js";

// All that the client knows of the library, it knows from this file.
export type {
  ConditionTrace,
  EventOutcome,
  JsonObject,
  JsonValue,
  OutcomeDetail,
  PathTrace,
  TriggerOutcome,
  TriggerTrace,
};

/** What stands where a value is that the reader may not see. */
export const mask = "••••••";

/**
 * - `view`: read everything, with personal data masked
 * - `operate`: flip switches, save triggers, replay, act on runs, delete users
 * - `reveal`: see personal data
 */
export const consoleRoles = ["view", "operate", "reveal"] as const;
export type ConsoleRole = (typeof consoleRoles)[number];

export interface SessionView {
  readonly user: string;
  readonly roles: readonly ConsoleRole[];
  readonly sources: readonly { readonly key: string; readonly environments: readonly string[] }[];
  /** What an event may have ended with, for the filter. */
  readonly reasons: readonly string[];
  readonly operators: readonly string[];
}

export interface ErrorView {
  readonly error: { readonly code: string; readonly message: string };
}

/** A line of the event log. Times are ISO 8601, here and below. */
export interface EventRow {
  readonly messageId: string;
  readonly type: string | null;
  readonly name: string | null;
  readonly userId: string | null;
  readonly receivedAt: string;
  readonly status: EventStatus;
  readonly reason: string | null;
  readonly triggers: readonly {
    readonly trigger: string;
    readonly status: TriggerStatus;
    readonly reason: string | null;
    readonly recipients: number;
  }[];
}

export interface EventPage {
  readonly rows: readonly EventRow[];
  readonly nextCursor: string | null;
  /** From which the live tail tells what came after this was read. */
  readonly position: string;
}

/** What came since a position; positions are those of a live stream's `id` lines. */
export interface TailView {
  /** Newest first. */
  readonly rows: readonly EventRow[];
  readonly position: string;
  /** More came than is told: read the log anew. */
  readonly reset: boolean;
}

export interface EventView {
  readonly row: EventRow;
  readonly anonymousId: string | null;
  readonly occurredAt: string;
  readonly payload: JsonValue;
  readonly outcome: EventOutcome;
  readonly runs: readonly RunView[];
}

export interface RunView {
  readonly idempotencyKey: string;
  readonly messageId: string;
  readonly trigger: string;
  readonly workflow: string;
  readonly action: string;
  readonly status: string;
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly waitingFor: string | null;
  readonly heldUntil: string | null;
  readonly workflowRunId: string | null;
  readonly error: string | null;
  readonly request: JsonValue;
}

export interface RunPage {
  readonly runs: readonly RunView[];
  readonly nextCursor: string | null;
}

export interface NameView {
  readonly type: string;
  readonly name: string | null;
  readonly count: number;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly triggers: readonly { readonly key: string; readonly active: boolean }[];
}

export interface SwitchView {
  readonly on: boolean;
  /** `null` while the code decides. */
  readonly changedBy: string | null;
  readonly changedAt: string | null;
}

export interface CredentialView {
  readonly kind: string;
  /** Of the secret: it tells two apart and gives neither away. */
  readonly fingerprint: string | null;
}

export interface BucketView {
  readonly startsAt: string;
  readonly count: number;
  readonly failed: number;
}

export interface EnvironmentView {
  readonly source: string;
  readonly environment: string;
  /** A path of this host, or a URL; its token is masked. */
  readonly webhookUrl: string;
  readonly credentials: readonly CredentialView[];
  readonly identify: SwitchView;
  readonly lastEvent: EventRow | null;
  /** The last 24 hours, oldest first. */
  readonly timeline: readonly BucketView[];
}

/** How to send a first event; made anew for each asking, since it holds credentials. */
export interface SampleView {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface TriggerView {
  readonly key: string;
  readonly workflow: string;
  readonly type: string;
  readonly name: string | null;
  readonly origin: "code" | "stored";
  readonly savedBy: string | null;
  readonly savedAt: string | null;
  /** Why a stored trigger does not take part. */
  readonly problem: string | null;
  readonly active: SwitchView;
  /** Functions are shown as `ƒ`. */
  readonly definition: JsonObject;
}

/** What a trigger that is being written would make of one stored event. */
export interface PreviewRow {
  readonly messageId: string;
  readonly receivedAt: string;
  readonly status: TriggerStatus;
  readonly reason: string | null;
  readonly detail: OutcomeDetail | null;
  /** Fields that came to nothing, without which the run would go ahead. */
  readonly notes: readonly OutcomeDetail[];
  readonly recipients: readonly {
    readonly recipient: string;
    readonly status: string;
    readonly reason: string | null;
  }[];
  readonly actor: JsonValue;
  readonly tenant: JsonValue;
  readonly data: JsonValue;
}

export interface PreviewView {
  /** Why the definition is refused; no rows then. */
  readonly problem: { readonly message: string; readonly field: string | null } | null;
  readonly rows: readonly PreviewRow[];
}

export interface ComparisonView {
  readonly events: number;
  readonly changed: number;
  /** The first hundred. */
  readonly differences: readonly {
    readonly messageId: string;
    readonly added: readonly string[];
    readonly removed: readonly string[];
    /** What would be sent differently, by name. */
    readonly fields: readonly string[];
  }[];
}

export interface UserView {
  readonly id: string;
  readonly email: string | null;
  readonly phoneNumber: string | null;
  readonly avatar: string | null;
  readonly name: string | null;
  readonly locale: string | null;
  readonly timezone: string | null;
  readonly createdAt: string | null;
  readonly properties: JsonValue;
  /** `null` where the users are kept by somebody who does not tell. */
  readonly history: readonly { readonly path: string; readonly value: JsonValue; readonly at: string }[] | null;
}

export interface UserPage {
  readonly users: readonly Omit<UserView, "history">[];
  readonly nextCursor: string | null;
}

export interface AuditEntry {
  readonly at: string;
  readonly by: string | null;
  readonly action: string;
  readonly environment: string | null;
  readonly subject: string | null;
  readonly detail: JsonValue;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly nextCursor: string | null;
}

/** What a replay did, or would do. */
export interface ReplayView {
  readonly outcome: EventOutcome | null;
  readonly duplicate: boolean;
  readonly withoutPayload: boolean;
}
