import type { Clock } from "../core/clock.js";
import type { JsonValue } from "../core/json.js";
import type { NewRun, RunAction, RunHold, RunRecord, RunStatus } from "./run-store.js";
import type { SourceScope } from "./scope.js";
import type { EventRecord, NewEvent, RecordedEventStatus } from "./storage.js";

/** What few runs have, kept apart so that all others need no room for it. */
interface RareOfRun {
  /** The run that it was made by. */
  parent: string | null;
  hold: RunHold | null;
  heldUntil: number | null;
  attemptsBeforeRetry: number;
  nextAttemptAt: Date | null;
  progress: string | null;
}

const usual: Readonly<RareOfRun> = {
  parent: null,
  hold: null,
  heldUntil: null,
  attemptsBeforeRetry: 0,
  nextAttemptAt: null,
  progress: null,
};

/**
 * A run as the store keeps it; what it hands out are copies. It lives long, and to move what lives long is most of what the collector
 * does: hence times as numbers, and nothing twice.
 */
export class StoredRun implements SourceScope {
  readonly stored: StoredEvent;
  readonly idempotencyKey: string;
  readonly trigger: string;
  readonly workflow: string;
  readonly action: RunAction;
  status: RunStatus;
  attempts = 0;
  firstClaimedMs: number | null = null;
  workflowRunId: string | null = null;
  error: string | null = null;
  durationMs: number | null = null;
  /** Of the last lease; 0 before the first. */
  fence = 0;
  /** Among the unfinished. */
  place = 0;
  /** Shared by the runs that are claimed together. */
  leasedUntil: Date | null = null;
  /** Its text, or what that is to be made of. */
  #request: string | object;
  #rare: Readonly<RareOfRun> = usual;

  constructor(stored: StoredEvent, run: NewRun, parent: string | null, clock: Clock) {
    this.stored = stored;
    this.idempotencyKey = run.idempotencyKey;
    this.trigger = run.trigger;
    this.workflow = run.workflow;
    this.action = run.action;
    this.#request = run.frozen ?? run.request;
    const { hold = null } = run;
    this.status = hold === null ? "pending" : "held";
    const heldUntil = hold === null ? null : clock.now() + hold.forMs;
    if (hold !== null || parent !== null) this.#rare = { ...usual, parent, hold, heldUntil };
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

  get receivedMs(): number {
    return this.stored.receivedMs;
  }

  get order(): number {
    return this.stored.order;
  }

  get parent(): string | null {
    return this.#rare.parent;
  }

  get hold(): RunHold | null {
    return this.#rare.hold;
  }

  get heldUntil(): number | null {
    return this.#rare.heldUntil;
  }

  get attemptsBeforeRetry(): number {
    return this.#rare.attemptsBeforeRetry;
  }

  set attemptsBeforeRetry(attemptsBeforeRetry: number) {
    if (attemptsBeforeRetry !== this.attemptsBeforeRetry) this.#rare = { ...this.#rare, attemptsBeforeRetry };
  }

  get nextAttemptAt(): Date | null {
    return this.#rare.nextAttemptAt;
  }

  set nextAttemptAt(nextAttemptAt: Date | null) {
    if (nextAttemptAt !== this.nextAttemptAt) this.#rare = { ...this.#rare, nextAttemptAt };
  }

  get progress(): string | null {
    return this.#rare.progress;
  }

  set progress(progress: string | null) {
    if (progress !== this.progress) this.#rare = { ...this.#rare, progress };
  }

  get request(): string {
    if (typeof this.#request !== "string") this.#request = JSON.stringify(this.#request);
    return this.#request;
  }

  set request(request: string) {
    this.#request = request;
  }
}

/** An event without its runs, which are kept by themselves; its payload as text where that was at hand, one thing instead of dozens. */
export interface KeptEvent extends Omit<NewEvent, "names" | "runs" | "occurredAt" | "receivedAt"> {
  readonly occurredMs: number;
}

/** A copy, so that the rest of what was handed over can be collected. */
export function toKeptEvent(event: NewEvent): KeptEvent {
  return {
    messageId: event.messageId,
    type: event.type,
    name: event.name,
    userId: event.userId,
    anonymousId: event.anonymousId,
    occurredMs: event.occurredAt.getTime(),
    payload: event.payloadText == null ? event.payload : null,
    payloadText: event.payloadText ?? null,
    status: event.status,
    reason: event.reason,
    decision: event.decision,
  };
}

export interface StoredEvent extends SourceScope {
  readonly order: number;
  readonly receivedMs: number;
  event: KeptEvent;
  runs: readonly StoredRun[];
  status: RecordedEventStatus;
  /** One of its runs has, which may be gone by now. */
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
  readonly nextAttemptAt: Date | null;
  readonly workflowRunId: string | null;
  readonly error: string | null;
  readonly durationMs: number | null;
  readonly progress: string | null;
  readonly #firstClaimedMs: number | null;
  readonly #run: StoredRun;

  constructor(run: StoredRun) {
    this.status = run.status;
    this.attempts = run.attempts;
    this.attemptsBeforeRetry = run.attemptsBeforeRetry;
    this.nextAttemptAt = run.nextAttemptAt;
    this.workflowRunId = run.workflowRunId;
    this.error = run.error;
    this.durationMs = run.durationMs;
    this.progress = run.progress;
    this.#firstClaimedMs = run.firstClaimedMs;
    this.#run = run;
  }

  get firstClaimedAt(): Date | null {
    return this.#firstClaimedMs === null ? null : new Date(this.#firstClaimedMs);
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
    return new Date(this.#run.receivedMs);
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

export function toEventRecord({ environment, source, event, receivedMs, status, runs }: StoredEvent): EventRecord {
  const { payloadText, occurredMs, ...kept } = event;
  const payload: JsonValue = payloadText == null ? kept.payload : JSON.parse(payloadText);
  const times = { occurredAt: new Date(occurredMs), receivedAt: new Date(receivedMs) };
  const own = runs.filter(({ parent }) => parent === null);
  return { ...kept, ...times, environment, source, payload, status, runs: own.map(toRunRecord) };
}
