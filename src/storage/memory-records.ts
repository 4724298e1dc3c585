import type { NewRun, RunAction, RunHold, RunRecord, RunStatus } from "./run-store.js";
import type { SourceScope } from "./scope.js";
import type { EventRecord, NewEvent, RecordedEventStatus } from "./storage.js";

/** A run as the store keeps it; what it hands out are copies. */
export class StoredRun implements SourceScope {
  readonly environment: string;
  readonly source: string;
  readonly messageId: string;
  readonly receivedAt: Date;
  readonly order: number;
  readonly stored: StoredEvent;
  readonly idempotencyKey: string;
  readonly trigger: string;
  readonly workflow: string;
  readonly action: RunAction;
  readonly hold: RunHold | undefined;
  /** The run that it was made by. */
  readonly parent: string | null;
  readonly heldUntil: number | null;
  status: RunStatus;
  attempts: number;
  attemptsBeforeRetry: number;
  firstClaimedAt: Date | null;
  nextAttemptAt: Date | null;
  workflowRunId: string | null;
  error: string | null;
  durationMs: number | null;
  progress: string | null;
  fence: number;
  leasedUntil: number;
  #planned: Pick<NewRun, "request">;

  constructor(
    stored: StoredEvent,
    run: NewRun,
    { now, parent }: { readonly now: number; readonly parent: string | null },
  ) {
    this.environment = stored.environment;
    this.source = stored.source;
    this.messageId = stored.event.messageId;
    this.receivedAt = stored.receivedAt;
    this.order = stored.order;
    this.stored = stored;
    this.idempotencyKey = run.idempotencyKey;
    this.trigger = run.trigger;
    this.workflow = run.workflow;
    this.action = run.action;
    this.hold = run.hold;
    this.parent = parent;
    this.heldUntil = run.hold === undefined ? null : now + run.hold.forMs;
    this.status = run.hold === undefined ? "pending" : "held";
    this.attempts = 0;
    this.attemptsBeforeRetry = 0;
    this.firstClaimedAt = null;
    this.nextAttemptAt = null;
    this.workflowRunId = null;
    this.error = null;
    this.durationMs = null;
    this.progress = null;
    this.fence = 0;
    this.leasedUntil = 0;
    this.#planned = run;
  }

  /** Left as the plan has it, which may still have to make text of it. */
  get request(): string {
    return this.#planned.request;
  }

  set request(request: string) {
    this.#planned = { request };
  }
}

/** An event without its runs, which are kept by themselves. */
export type KeptEvent = Omit<NewEvent, "names" | "runs">;

/** What is left behind leaves the memory. */
export function toKeptEvent(event: NewEvent): KeptEvent {
  return {
    messageId: event.messageId,
    type: event.type,
    name: event.name,
    userId: event.userId,
    anonymousId: event.anonymousId,
    occurredAt: event.occurredAt,
    receivedAt: event.receivedAt,
    payload: event.payload,
    status: event.status,
    reason: event.reason,
    decision: event.decision,
  };
}

export interface StoredEvent extends SourceScope {
  readonly order: number;
  readonly receivedAt: Date;
  event: KeptEvent;
  runs: readonly StoredRun[];
  status: RecordedEventStatus;
  /** Payload and decision are gone. */
  isBare: boolean;
  /** Runs and recipients that are kept with it. */
  parts: number;
}

export function toRunRecord(run: StoredRun): RunRecord {
  return new ClaimedRecord(run).toJSON();
}

/**
 * Every run comes by here, so it is copied member by member: an object put together from others costs ten times as much. Only the
 * request, which never changes, is left where it is until somebody reads it.
 */
export class ClaimedRecord implements RunRecord {
  readonly environment: string;
  readonly source: string;
  readonly messageId: string;
  readonly idempotencyKey: string;
  readonly trigger: string;
  readonly workflow: string;
  readonly action: RunAction;
  readonly status: RunStatus;
  readonly attempts: number;
  readonly attemptsBeforeRetry: number;
  readonly receivedAt: Date;
  readonly firstClaimedAt: Date | null;
  readonly nextAttemptAt: Date | null;
  readonly waitingFor: string | null;
  readonly heldUntil: Date | null;
  readonly workflowRunId: string | null;
  readonly error: string | null;
  readonly durationMs: number | null;
  readonly parent: string | null;
  readonly progress: string | null;
  readonly #run: StoredRun;

  constructor(run: StoredRun) {
    this.environment = run.environment;
    this.source = run.source;
    this.messageId = run.messageId;
    this.idempotencyKey = run.idempotencyKey;
    this.trigger = run.trigger;
    this.workflow = run.workflow;
    this.action = run.action;
    this.status = run.status;
    this.attempts = run.attempts;
    this.attemptsBeforeRetry = run.attemptsBeforeRetry;
    this.receivedAt = run.receivedAt;
    this.firstClaimedAt = run.firstClaimedAt;
    this.nextAttemptAt = run.nextAttemptAt;
    this.waitingFor = run.hold?.userId ?? null;
    this.heldUntil = run.heldUntil === null ? null : new Date(run.heldUntil);
    this.workflowRunId = run.workflowRunId;
    this.error = run.error;
    this.durationMs = run.durationMs;
    this.parent = run.parent;
    this.progress = run.progress;
    this.#run = run;
  }

  get request(): string {
    return this.#run.request;
  }

  toJSON(): RunRecord {
    return { ...this, request: this.request };
  }
}

export function toEventRecord({ environment, source, event, status, runs }: StoredEvent): EventRecord {
  const own = runs.filter(({ parent }) => parent === null);
  return { ...event, environment, source, status, runs: own.map(toRunRecord) };
}
