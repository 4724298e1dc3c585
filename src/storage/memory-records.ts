import type { NewRun, RunHold, RunRecord, RunStatus } from "./run-store.js";
import type { SourceScope } from "./scope.js";
import type { EventRecord, NewEvent, RecordedEventStatus } from "./storage.js";

/** A run as the store keeps it; what it hands out are copies. */
export interface StoredRun extends Omit<NewRun, "hold" | "request">, SourceScope {
  request: string;
  readonly hold: RunHold | undefined;
  readonly messageId: string;
  readonly receivedAt: Date;
  readonly order: number;
  readonly stored: StoredEvent;
  status: RunStatus;
  attempts: number;
  attemptsBeforeRetry: number;
  firstClaimedAt: Date | null;
  nextAttemptAt: Date | null;
  workflowRunId: string | null;
  error: string | null;
  durationMs: number | null;
  readonly parent: string | null;
  progress: string | null;
  readonly heldUntil: number | null;
  fence: number;
  leasedUntil: number;
}

export interface StoredEvent extends SourceScope {
  readonly order: number;
  readonly receivedAt: Date;
  event: NewEvent;
  runs: readonly StoredRun[];
  status: RecordedEventStatus;
  /** Payload and decision are gone. */
  isBare: boolean;
}

/** Written out member by member: every run comes by here, and an object put together from others costs ten times as much. */
export function toRunRecord(run: StoredRun): RunRecord {
  return {
    environment: run.environment,
    source: run.source,
    messageId: run.messageId,
    idempotencyKey: run.idempotencyKey,
    trigger: run.trigger,
    workflow: run.workflow,
    action: run.action,
    request: run.request,
    status: run.status,
    attempts: run.attempts,
    attemptsBeforeRetry: run.attemptsBeforeRetry,
    receivedAt: run.receivedAt,
    firstClaimedAt: run.firstClaimedAt,
    nextAttemptAt: run.nextAttemptAt,
    waitingFor: run.hold?.userId ?? null,
    heldUntil: run.heldUntil === null ? null : new Date(run.heldUntil),
    workflowRunId: run.workflowRunId,
    error: run.error,
    durationMs: run.durationMs,
    parent: run.parent,
    progress: run.progress,
  };
}

export function toEventRecord({ environment, source, event, status, runs }: StoredEvent): EventRecord {
  const { names: _names, ...recorded } = event;
  const own = runs.filter(({ parent }) => parent === null);
  return { ...recorded, environment, source, status, runs: own.map(toRunRecord) };
}
