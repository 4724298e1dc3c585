import type { RecipientReason, TriggerReason } from "../core/reasons.js";
import type { RecipientKey } from "../recipients/recipient.js";
import type { GroupOutcome, OutcomeDetail, UserOutcome } from "./outcome.js";
import type { TriggerTrace } from "./trace.js";

/** What was decided about one recipient: into which of the trigger's runs it went (`run`, from 0), or why into none. */
export interface RecipientDecision {
  readonly recipient: RecipientKey;
  readonly run?: number;
  readonly reason?: RecipientReason;
  /** What was expected and what came, of an element that is no recipient. */
  readonly message?: string;
}

/** What was decided about one trigger when its event was first received. */
export interface TriggerDecision {
  readonly trigger: string;
  readonly workflow: string;
  readonly action: "trigger" | "cancel";
  readonly status: "planned" | "skipped" | "failed";
  readonly reason?: TriggerReason | undefined;
  readonly detail?: OutcomeDetail | undefined;
  readonly unresolved?: readonly OutcomeDetail[] | undefined;
  readonly recipients: readonly RecipientDecision[];
  /** Idempotency keys of the planned runs. */
  readonly runs: readonly string[];
  /** Put together when it is first read; absent where the trigger compared and read nothing. */
  readonly trace?: TriggerTrace | undefined;
}

/** What became of the event's user. */
export interface UserDecision extends Omit<UserOutcome, "sync"> {
  /** Idempotency key of the run that brings the user to the engine. */
  readonly run?: string;
}

/** The part of an outcome that is fixed when an event is recorded. What came of its runs is kept with the runs. */
export interface EventDecision {
  readonly user?: UserDecision;
  readonly group?: GroupOutcome;
  readonly detail?: OutcomeDetail;
  readonly triggers: readonly TriggerDecision[];
}
