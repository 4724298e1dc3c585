import type { JsonObject } from "../core/json.js";
import type { Recipient } from "../recipients/recipient.js";

/** What a workflow run is started with. Plain JSON, the same on every attempt. */
export interface WorkflowRunRequest {
  readonly action: "trigger";
  readonly workflow: string;
  readonly recipients: readonly Recipient[];
  readonly actor: Recipient | null;
  readonly tenant: string | JsonObject | null;
  readonly data: JsonObject;
  /** With it the run can be canceled later. */
  readonly cancellationKey: string | null;
}

/** What runs are canceled with. */
export interface WorkflowCancelRequest {
  readonly action: "cancel";
  readonly workflow: string;
  readonly cancellationKey: string;
  /** `null` cancels for every recipient. */
  readonly recipients: readonly Recipient[] | null;
}

/** The circumstances of one attempt. */
export interface RunContext {
  /** The same on every attempt of a run, different for every other run; `[a-z0-9_]`, 43 characters. */
  readonly idempotencyKey: string;
  /** From 1. */
  readonly attempt: number;
  /** Aborted when the attempt's time is over. */
  readonly signal: AbortSignal;
  readonly environment: string;
  readonly source: string;
  readonly trigger: string;
  readonly messageId: string;
}

export interface StartedRun {
  /** The engine's id of the run; `null` when it gives none. */
  readonly workflowRunId: string | null;
}

export interface RunnerCapabilities {
  /** Recipients in one run; more are split into several runs with keys of their own. `null`: no limit. */
  readonly maxRecipients: number | null;
  /**
   * How long the engine remembers an idempotency key. Inside it an attempt whose outcome is unknown is repeated, after it the
   * run is left `uncertain`. `null`: the runner cannot tell a repetition, and unknown attempts are repeated: at least once.
   */
  readonly idempotencyWindowMs: number | null;
}

/**
 * The engine that notifies. A method that fails throws a `BellwireError` made by `runnerError`: `permanent` (never try again),
 * `retryable` (surely not done) or `ambiguous` (unknown whether done). Any other rejection counts as ambiguous.
 * Implementations are checked with `runnerConformance` from `bellwire/testing`.
 */
export interface WorkflowRunner {
  readonly capabilities: RunnerCapabilities;
  trigger(request: WorkflowRunRequest, context: RunContext): Promise<StartedRun>;
  /** Without it triggers with `action: "cancel"` are refused when the source is created. */
  cancel?(request: WorkflowCancelRequest, context: RunContext): Promise<void>;
}
