import type { Clock } from "../core/clock.js";
import type { JsonValue } from "../core/json.js";
import type { NewRun, RunAction, RunHold, RunRecord, RunStatus } from "./run-store.js";
import type { SourceScope } from "./scope.js";
import type { EventRecord, NewEvent, RecordedEventStatus } from "./storage.js";

/** A run as the store keeps it; what it hands out are copies. What never changes is left where it is. */
export class StoredRun implements SourceScope {
  readonly stored: StoredEvent;
  readonly #planned: NewRun;
  /** The run that it was made by. */
  readonly parent: string | null;
  readonly heldUntil: number | null;
  status: RunStatus;
  attempts = 0;
  attemptsBeforeRetry = 0;
  firstClaimedAt: Date | null = null;
  nextAttemptAt: Date | null = null;
  workflowRunId: string | null = null;
  error: string | null = null;
  durationMs: number | null = null;
  progress: string | null = null;
  /** Of the last lease; 0 before the first. */
  fence = 0;
  /** Among the unfinished. */
  place = 0;
  /** Shared by the runs that are claimed together. */
  leasedUntil: Date | null = null;
  #request: string | null = null;

  constructor(stored: StoredEvent, run: NewRun, parent: string | null, clock: Clock) {
    this.stored = stored;
    this.#planned = run;
    this.parent = parent;
    this.heldUntil = run.hold === undefined ? null : clock.now() + run.hold.forMs;
    this.status = run.hold === undefined ? "pending" : "held";
  }

  isLeasedAt(now: number): boolean {
    return this.leasedUntil !== null && this.leasedUntil.getTime() > now;
  }

  get environment(): string {
    return this.stored.environment;
  }

  get source(): string {
    return this.stored.source;
  }

  get messageId(): string {
    return this.stored.event.messageId;
  }

  get receivedAt(): Date {
    return this.stored.receivedAt;
  }

  get order(): number {
    return this.stored.order;
  }

  get idempotencyKey(): string {
    return this.#planned.idempotencyKey;
  }

  get trigger(): string {
    return this.#planned.trigger;
  }

  get workflow(): string {
    return this.#planned.workflow;
  }

  get action(): RunAction {
    return this.#planned.action;
  }

  get hold(): RunHold | undefined {
    return this.#planned.hold;
  }

  /** Left as the plan has it, which may still have to make text of it. */
  get request(): string {
    return this.#request ?? this.#planned.request;
  }

  set request(request: string) {
    this.#request = request;
  }
}

/** An event without its runs, which are kept by themselves; its payload as text where that was at hand, one thing instead of dozens. */
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
    payload: event.payloadText == null ? event.payload : null,
    payloadText: event.payloadText ?? null,
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
  /** One of its runs has, which need not be kept any more. */
  hasFailed: boolean;
  /** Payload and decision are gone. */
  isBare: boolean;
  /** It is kept no more. */
  isGone: boolean;
  /** Runs and recipients that are kept with it. */
  parts: number;
}

export function toRunRecord(run: StoredRun): RunRecord {
  return new ClaimedRecord(run).toJSON();
}

/**
 * A run as it was when it was claimed. Every run comes by here, so what never changes is read where it is, and only what does is
 * copied.
 */
export class ClaimedRecord implements RunRecord {
  readonly status: RunStatus;
  readonly attempts: number;
  readonly attemptsBeforeRetry: number;
  readonly firstClaimedAt: Date | null;
  readonly nextAttemptAt: Date | null;
  readonly workflowRunId: string | null;
  readonly error: string | null;
  readonly durationMs: number | null;
  readonly progress: string | null;
  readonly #run: StoredRun;

  constructor(run: StoredRun) {
    this.status = run.status;
    this.attempts = run.attempts;
    this.attemptsBeforeRetry = run.attemptsBeforeRetry;
    this.firstClaimedAt = run.firstClaimedAt;
    this.nextAttemptAt = run.nextAttemptAt;
    this.workflowRunId = run.workflowRunId;
    this.error = run.error;
    this.durationMs = run.durationMs;
    this.progress = run.progress;
    this.#run = run;
  }

  get environment(): string {
    return this.#run.environment;
  }

  get source(): string {
    return this.#run.source;
  }

  get messageId(): string {
    return this.#run.messageId;
  }

  get idempotencyKey(): string {
    return this.#run.idempotencyKey;
  }

  get trigger(): string {
    return this.#run.trigger;
  }

  get workflow(): string {
    return this.#run.workflow;
  }

  get action(): RunAction {
    return this.#run.action;
  }

  get request(): string {
    return this.#run.request;
  }

  get receivedAt(): Date {
    return this.#run.receivedAt;
  }

  get waitingFor(): string | null {
    return this.#run.hold?.userId ?? null;
  }

  get heldUntil(): Date | null {
    return this.#run.heldUntil === null ? null : new Date(this.#run.heldUntil);
  }

  get parent(): string | null {
    return this.#run.parent;
  }

  toJSON(): RunRecord {
    return {
      environment: this.environment,
      source: this.source,
      messageId: this.messageId,
      idempotencyKey: this.idempotencyKey,
      trigger: this.trigger,
      workflow: this.workflow,
      action: this.action,
      request: this.request,
      status: this.status,
      attempts: this.attempts,
      attemptsBeforeRetry: this.attemptsBeforeRetry,
      receivedAt: this.receivedAt,
      firstClaimedAt: this.firstClaimedAt,
      nextAttemptAt: this.nextAttemptAt,
      waitingFor: this.waitingFor,
      heldUntil: this.heldUntil,
      workflowRunId: this.workflowRunId,
      error: this.error,
      durationMs: this.durationMs,
      parent: this.parent,
      progress: this.progress,
    };
  }
}

export function toEventRecord({ environment, source, event, status, runs }: StoredEvent): EventRecord {
  const { payloadText, ...kept } = event;
  const payload: JsonValue = payloadText == null ? kept.payload : JSON.parse(payloadText);
  const own = runs.filter(({ parent }) => parent === null);
  return { ...kept, environment, source, payload, status, runs: own.map(toRunRecord) };
}
