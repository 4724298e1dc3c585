import type {
  RunContext,
  RunnerCapabilities,
  WorkflowCancelRequest,
  WorkflowRunner,
  WorkflowRunRequest,
} from "../runner/runner.js";

export interface RecordedRun {
  readonly request: WorkflowRunRequest;
  readonly context: RunContext;
}

export interface RecordedCancel {
  readonly request: WorkflowCancelRequest;
  readonly context: RunContext;
}

export interface RecordingRunner extends WorkflowRunner {
  /** Every start of a run, repeated ones too, in order. */
  readonly runs: readonly RecordedRun[];
  readonly cancels: readonly RecordedCancel[];
  /** Makes the next starts fail, one error each, in order; `runnerError` makes errors of every kind. */
  failNext(...errors: readonly unknown[]): void;
}

/**
 * A runner that writes down what it is given and notifies nobody.
 * @param capabilities those of the engine that it stands for. @default no limit, no idempotency window
 */
export function recordingRunner(capabilities: Partial<RunnerCapabilities> = {}): RecordingRunner {
  const runs: RecordedRun[] = [];
  const cancels: RecordedCancel[] = [];
  const failures: unknown[] = [];
  return {
    capabilities: {
      ...capabilities,
      maxRecipients: capabilities.maxRecipients ?? null,
      idempotencyWindowMs: capabilities.idempotencyWindowMs ?? null,
    },
    runs,
    cancels,
    failNext: (...errors) => void failures.push(...errors),
    async trigger(request, context) {
      runs.push({ request, context });
      if (failures.length > 0) throw failures.shift();
      return { workflowRunId: `run-${runs.length}` };
    },
    async cancel(request, context) {
      cancels.push({ request, context });
      if (failures.length > 0) throw failures.shift();
    },
  };
}
