import type { JsonObject } from "../core/json.js";
import type { TriggerReason } from "../core/reasons.js";
import type { OutcomeDetail } from "../outcome/outcome.js";
import type { Recipient, RejectedRecipient } from "../recipients/recipient.js";

/** How far an evaluation came: `event` is age and schema, then `when`, then the mapping. */
export type EvaluationStage = "event" | "condition" | "fields";

interface Evaluated {
  readonly stage: EvaluationStage;
  /** The event as the condition and the mapping see it: after its schema. */
  readonly event: JsonObject;
}

/** What a trigger makes of an event. */
export type TriggerEvaluation = TriggerMiss | TriggerMatch;

export interface TriggerMiss extends Evaluated {
  readonly status: "skipped" | "failed";
  readonly reason: TriggerReason;
  readonly detail: OutcomeDetail;
  readonly rejected?: readonly RejectedRecipient[];
}

export interface TriggerMatch extends Evaluated {
  readonly status: "matched";
  readonly recipients: readonly Recipient[];
  readonly rejected: readonly RejectedRecipient[];
  readonly actor: Recipient | null;
  readonly tenant: string | JsonObject | null;
  readonly data: JsonObject;
  readonly cancellationKey: string | null;
  /** Optional fields that came to nothing; the run goes ahead without them. */
  readonly unresolved: readonly OutcomeDetail[];
}
