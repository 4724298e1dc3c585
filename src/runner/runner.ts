import type { JsonObject } from "../core/json.js";
import type { Recipient } from "../recipients/recipient.js";
import type { User } from "../users/user.js";

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

/** One of several runs that are started with one call. */
export interface WorkflowRun {
  readonly request: WorkflowRunRequest;
  readonly context: RunContext;
}

/** The users whose attributes changed, as they are known now; the same users may come again, and in any order. */
export interface IdentifyRequest {
  readonly environment: string;
  readonly users: readonly User[];
  readonly signal: AbortSignal;
}

/** Users to be deleted at the engine, by every id that they had. */
export interface ForgetRequest {
  readonly environment: string;
  readonly userIds: readonly string[];
  readonly signal: AbortSignal;
}

/** A field that a trigger can map and that not every engine has a place for. */
export type RefusableField = "actor" | "tenant" | "cancellationKey";

export interface RunnerCapabilities {
  /** Recipients in one run; more are split into several runs with keys of their own. `null`: no limit. */
  readonly maxRecipients: number | null;
  /**
   * How long the engine remembers an idempotency key. Inside it an attempt whose outcome is unknown is repeated, after it the
   * run is left `uncertain`. `null`: the runner cannot tell a repetition, and unknown attempts are repeated: at least once.
   */
  readonly idempotencyWindowMs: number | null;
  /** Whether the engine takes attributes of a tenant: the id is then sent as `{ …traits, id }` of the group of that id. @default false */
  readonly tenantTraits?: boolean;
  /** Whether runs of the workflow can be canceled. @default whether the runner has a `cancel` */
  readonly cancels?: boolean;
  /** Fields that the engine has no place for, and why or what to do instead: a trigger that maps one is refused when it is registered. */
  readonly refuses?: Readonly<Partial<Record<RefusableField, string>>>;
}

/**
 * The engine that notifies. A method that fails throws a `BellwireError` made by `runnerError`: `permanent` (never try again),
 * `retryable` (surely not done) or `ambiguous` (unknown whether done). Any other rejection counts as ambiguous.
 * Implementations are checked with `runnerConformance` from `bellwire/testing`.
 */
export interface WorkflowRunner {
  readonly capabilities: RunnerCapabilities;
  /** Where they differ by workflow; otherwise `capabilities` hold for all. */
  capabilitiesOf?(workflow: string): RunnerCapabilities;
  trigger(request: WorkflowRunRequest, context: RunContext): Promise<StartedRun>;
  /**
   * Starts several runs with one call. The answers stand in the order of `runs`; one run that fails answers with its error, and a
   * rejection is that of every one of them.
   */
  triggerBatch?(runs: readonly WorkflowRun[]): Promise<readonly (StartedRun | Error)[]>;
  /** Without it triggers with `action: "cancel"` are refused when the source is created. */
  cancel?(request: WorkflowCancelRequest, context: RunContext): Promise<void>;
  /**
   * Creates or updates users at the engine, for engines that keep users of their own; at most 100 a call. Called after an identify
   * event was recorded, before the runs of the same payload, and again after a failure.
   */
  identify?(request: IdentifyRequest): Promise<void>;
  /** Deletes users at the engine; ids that it does not know are no failure. Tried once: what fails is logged and emitted. */
  forget?(request: ForgetRequest): Promise<void>;
}

/** What holds for the runs of one workflow. */
export function capabilitiesOf(runner: WorkflowRunner, workflow: string): RunnerCapabilities {
  return runner.capabilitiesOf?.(workflow) ?? runner.capabilities;
}
