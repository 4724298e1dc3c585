import type { JsonObject } from "../core/json.js";
import type { EventReason, RecipientReason, TriggerReason } from "../core/reasons.js";
import type { RecipientKey } from "../recipients/recipient.js";
import type { TriggerTrace } from "./trace.js";

export const eventStatuses = ["processed", "duplicate", "in_progress", "ignored", "invalid", "failed"] as const;

/**
 * - `processed`: a user was identified or a trigger matched, and nothing is left to do
 * - `duplicate`: the event had been processed before
 * - `in_progress`: recorded, with runs that are still to be dispatched, here or by another process
 * - `ignored`: valid, but nothing is configured for it
 * - `invalid`: not a Segment event
 * - `failed`: at least one of its triggers failed
 */
export type EventStatus = (typeof eventStatuses)[number];

/** `pending`: recorded and still to be dispatched, after a transient failure or in the background. */
export type TriggerStatus = "triggered" | "canceled" | "held" | "pending" | "skipped" | "failed";

export interface OutcomeDetail {
  /** What happened and what to do, in one sentence or two. */
  readonly message: string;
  /** The mapping field, such as `recipients` or `data.title`. */
  readonly field?: string;
  readonly path?: string;
  /** The longest part of `path` that exists in the event. */
  readonly reached?: string;
  /** The existing path most like `path`; of an event that nothing listens to, the name most like its own. */
  readonly nearest?: string;
  readonly facts?: JsonObject;
}

export interface RecipientOutcome {
  readonly recipient: RecipientKey;
  readonly status: TriggerStatus;
  readonly reason?: RecipientReason | TriggerReason;
  /** What was expected and what came, of an element that is no recipient; of many such only the first have it. */
  readonly message?: string;
}

export interface RunOutcome {
  readonly idempotencyKey: string;
  readonly status: TriggerStatus;
  /** The engine's id; `null` when it gives none or has not been reached. */
  readonly workflowRunId: string | null;
  readonly attempts: number;
  /** How long the last attempt took; `null` before one has ended. */
  readonly durationMs: number | null;
  /** How the last attempt failed. */
  readonly error?: string;
  /** Of a run that makes others for the members of groups. */
  readonly members?: {
    /** How many it has come to. */
    readonly reached: number;
    /** Of these: whom nobody knows. */
    readonly unknown: number;
    /** Of the unknown ones: who has a run of their own, which waits, or waited, until they are identified. */
    readonly held: number;
  };
}

/** What one trigger did with an event, and why. */
export interface TriggerOutcome {
  readonly trigger: string;
  readonly workflow: string;
  readonly status: TriggerStatus;
  readonly reason?: TriggerReason;
  readonly detail?: OutcomeDetail;
  /** Optional mapping fields that did not resolve; the run went ahead without them. */
  readonly unresolved?: readonly OutcomeDetail[];
  readonly runs: readonly RunOutcome[];
  readonly recipients: readonly RecipientOutcome[];
  /** What it compared and read; put together when it is first read. Absent where it was left before that, as when it is inactive. */
  readonly trace?: TriggerTrace | undefined;
}

export interface UserOutcome {
  readonly id: string;
  /** `anonymous`: the id is an anonymous one, and what was said is kept until somebody signs in under it. */
  readonly status: "created" | "updated" | "unchanged" | "merged" | "deleted" | "anonymous";
  /** Bringing the user to the engine, where the runner does that. */
  readonly sync?: RunOutcome;
}

export interface GroupOutcome {
  readonly id: string;
  readonly status: "created" | "updated" | "unchanged" | "deleted";
}

/** What became of one event, and why. */
export interface EventOutcome {
  /** Position in the payload, from 0. */
  readonly index: number;
  readonly messageId: string;
  readonly type: string | null;
  readonly name: string | null;
  readonly status: EventStatus;
  readonly reason?: EventReason;
  readonly detail?: OutcomeDetail;
  readonly user?: UserOutcome;
  /** Of a group event. */
  readonly group?: GroupOutcome;
  readonly triggers: readonly TriggerOutcome[];
}

export interface PayloadResult {
  /** One for each event, in the order of the payload. */
  readonly events: readonly EventOutcome[];
  /** True when sending the same payload again can get further: something failed transiently or is being handled elsewhere. */
  readonly retryable: boolean;
}
