import type { WorkflowRunner } from "../runner/runner.js";

/** What the engine behind the runner is made to do with the next call. `silence`: it takes the call and never answers. */
export type EngineFault = "permanent" | "retryable" | "ambiguous" | "silence";

/** What reached the engine, in order. */
export interface ReceivedRun {
  readonly workflow: string;
  /** Ids, in order. */
  readonly recipients: readonly string[];
  /** `null` for an engine that takes none. */
  readonly idempotencyKey: string | null;
  readonly data: unknown;
  /** The whole request as text, to look into. */
  readonly text: string;
}

export interface ReceivedCancel {
  readonly workflow: string | null;
  readonly cancellationKey: string;
}

export interface RunnerUnderTest {
  readonly runner: WorkflowRunner;
  /** A workflow that the engine knows. */
  readonly workflow: string;
  readonly received: () => Promise<readonly ReceivedRun[]> | readonly ReceivedRun[];
  /** Needed with the power `cancels`. */
  readonly canceled?: () => Promise<readonly ReceivedCancel[]> | readonly ReceivedCancel[];
  /** Ids of the users the engine was told of, in order; needed with the power `identifies`. */
  readonly identified?: () => Promise<readonly string[]> | readonly string[];
  /** Makes the engine treat the next call so. */
  readonly failNext: (fault: EngineFault) => Promise<void> | void;
  readonly dispose: () => Promise<void> | void;
}

/** What the runner can do beyond starting runs; declared, so that no check is skipped in silence. */
export interface RunnerPowers {
  /** Whether it has `cancel`. @default false */
  readonly cancels?: boolean;
  /** Whether it has `identify`. @default false */
  readonly identifies?: boolean;
  /** Whether it has `triggerBatch`. @default false */
  readonly batches?: boolean;
  /** Whether an aborted signal ends the call; where the client takes none, the source's time limit does. @default false */
  readonly heedsSignal?: boolean;
  /** The faults that the engine can be made to show. @default all but `silence` */
  readonly faults?: readonly EngineFault[];
  /** Whether the engine takes an actor. A runner of one that does not has to declare `capabilities.refuses.actor`. @default false */
  readonly takesActor?: boolean;
  /** Whether the engine takes a tenant. A runner of one that does not has to declare `capabilities.refuses.tenant`. @default false */
  readonly takesTenant?: boolean;
}

export type RunnerCheck = readonly [name: string, check: (underTest: RunnerUnderTest) => Promise<void>];
