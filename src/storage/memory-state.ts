import type { Clock } from "../core/clock.js";
import { maybeLazyRecipients } from "../outcome/traced.js";
import { keyIn } from "./memory-key.js";
import { MemoryNames } from "./memory-names.js";
import { type StoredEvent, StoredRun, toKeptEvent } from "./memory-records.js";
import { MemoryUnfinishedRuns } from "./memory-unfinished-runs.js";
import type { NewRun, RunStatus } from "./run-store.js";
import type { SourceScope } from "./scope.js";
import type { NewEvent } from "./storage.js";

/** The events of one source in one environment, by messageId. */
interface Shelf extends SourceScope {
  readonly events: Map<string, StoredEvent>;
}

/** Everything that is kept, bounded by the number of events. */
export class MemoryState {
  readonly clock: Clock;
  readonly #maxEvents: number;
  /** There are few of them: a key for an event that is made of all three would have to be hashed anew each time. */
  readonly #shelves: Shelf[] = [];
  #kept = 0;
  readonly #runs = new MemoryUnfinishedRuns();
  /** By environment and user. */
  readonly #held = new Map<string, Set<StoredRun>>();
  readonly names = new MemoryNames();
  /** In the order of arrival. A queue with a moving head: evicting from the front of a Map is many times slower. */
  #queue: (StoredEvent | undefined)[] = [];
  #head = 0;
  #order = 0;
  /** Runs and recipients of all events. */
  #parts = 0;

  constructor(clock: Clock, maxEvents: number) {
    this.clock = clock;
    this.#maxEvents = maxEvents;
  }

  find(environment: string, source: string, messageId: string): StoredEvent | null {
    return this.#eventsOf(environment, source).get(messageId) ?? null;
  }

  /** In the order of arrival. */
  events(): StoredEvent[] {
    const [first = [], ...others] = this.#shelves.map(({ events }) => [...events.values()]);
    if (others.length === 0) return first;
    return first.concat(...others).sort((left, right) => left.order - right.order);
  }

  #eventsOf(environment: string, source: string): Map<string, StoredEvent> {
    for (const shelf of this.#shelves) {
      if (shelf.environment === environment && shelf.source === source) return shelf.events;
    }
    const events = new Map<string, StoredEvent>();
    this.#shelves.push({ environment, source, events });
    return events;
  }

  /** `null` where the lease was lost, or the run can not change any more. */
  leasedRun(idempotencyKey: string, fence: number): StoredRun | null {
    return this.#runs.leased(idempotencyKey, fence);
  }

  /** Those that may still change. */
  unfinishedRuns(idempotencyKeys: readonly string[]): readonly StoredRun[] {
    return this.#runs.find(idempotencyKeys);
  }

  /** In the order of arrival. */
  pendingRuns(): StoredRun[] {
    return this.#runs.pending().sort((left, right) => left.order - right.order);
  }

  /** Whoever had it before can settle it no longer. @returns the fence */
  lease(run: StoredRun, until: Date | null): number {
    run.leasedUntil = until;
    return this.#runs.lease(run);
  }

  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  heldRuns(): StoredRun[] {
    return [...this.#held.values()].flatMap((runs) => [...runs]);
  }

  heldFor(environment: string, userId: string): StoredRun[] {
    return [...(this.#held.get(keyIn(environment, userId)) ?? [])];
  }

  add({ environment, source }: SourceScope, event: NewEvent): StoredEvent {
    this.#order += 1;
    const stored: StoredEvent = {
      environment,
      source,
      order: this.#order,
      receivedMs: event.receivedAt.getTime(),
      event: toKeptEvent(event),
      runs: [],
      status: event.status,
      hasFailed: false,
      isBare: false,
      isGone: false,
      parts: 0,
    };
    if (event.runs.length > 0) {
      stored.runs = event.runs.map((run) => this.#addRun(new StoredRun(stored, run, null, this.clock)));
      stored.status = "in_progress";
    }
    this.#eventsOf(environment, source).set(event.messageId, stored);
    this.#kept += 1;
    this.#queue.push(stored);
    this.names.count(stored);
    this.#weigh(stored, partsOf(stored));
    this.#evict();
    return stored;
  }

  /** Adds runs that another one made to its event. */
  addRuns(parent: StoredRun, runs: readonly NewRun[]): readonly StoredRun[] {
    const { stored, idempotencyKey } = parent;
    const added = runs.map((run) => this.#addRun(new StoredRun(stored, run, idempotencyKey, this.clock)));
    stored.runs = [...stored.runs, ...added];
    this.#weigh(stored, stored.parts + added.length);
    return added;
  }

  #addRun(added: StoredRun): StoredRun {
    this.#runs.add(added);
    this.#hold(added);
    return added;
  }

  setRunStatus(run: StoredRun, status: RunStatus): void {
    this.#letGo(run);
    run.status = status;
    this.#hold(run);
    if (finalStatuses.has(status)) this.#runs.remove(run);
    if (failedStatuses.has(status)) run.stored.hasFailed = true;
  }

  /** After a decision about runs it may be others that have failed, or none. */
  reviseFailure(stored: StoredEvent): void {
    stored.hasFailed = stored.runs.some((run) => failedStatuses.has(run.status));
    this.updateStatus(stored);
  }

  /** Brings the status of an event up to date with those of its runs. */
  updateStatus(stored: StoredEvent): void {
    if (stored.runs.some((other) => other.status === "pending" || other.status === "held"))
      stored.status = "in_progress";
    else stored.status = stored.hasFailed ? "failed" : stored.event.status;
  }

  /** Takes everything out but what is needed to know the event again. */
  strip(stored: StoredEvent): void {
    this.#dropRuns(stored);
    this.updateStatus(stored);
    stored.event = { ...stored.event, ...nothingSaid, userId: null, anonymousId: null };
    stored.isBare = true;
  }

  remove(stored: StoredEvent): void {
    if (stored.isGone) return;
    stored.isGone = true;
    // The runs of any other event are over, and kept nowhere but in it.
    if (stored.status === "in_progress" || stored.status === "failed") this.#dropRuns(stored);
    else this.#weigh(stored, 0);
    this.#eventsOf(stored.environment, stored.source).delete(stored.event.messageId);
    this.#kept -= 1;
  }

  #dropRuns(stored: StoredEvent): void {
    for (const run of stored.runs) this.#dropRun(run);
    stored.runs = [];
    this.#weigh(stored, 0);
  }

  #dropRun(run: StoredRun): void {
    this.#runs.remove(run);
    this.#letGo(run);
  }

  #weigh(stored: StoredEvent, parts: number): void {
    this.#parts += parts - stored.parts;
    stored.parts = parts;
  }

  /** Takes out runs that are about a user, and what else names the user. */
  forgetRuns(stored: StoredEvent, theirs: readonly StoredRun[]): void {
    for (const run of theirs) this.#dropRun(run);
    stored.runs = stored.runs.filter((run) => !theirs.includes(run));
    this.#weigh(stored, stored.runs.length);
    stored.event = { ...stored.event, ...nothingSaid };
    this.updateStatus(stored);
  }

  #hold(run: StoredRun): void {
    if (run.status !== "held" || run.hold === null) return;
    const key = keyIn(run.environment, run.hold.userId);
    this.#held.set(key, (this.#held.get(key) ?? new Set()).add(run));
  }

  #letGo(run: StoredRun): void {
    if (run.hold === null) return;
    const key = keyIn(run.environment, run.hold.userId);
    const held = this.#held.get(key);
    held?.delete(run);
    if (held?.size === 0) this.#held.delete(key);
  }

  #isFull(): boolean {
    return this.#kept > this.#maxEvents || this.#parts > this.#maxEvents * maxPartsOfEvent;
  }

  /** Unfinished events move to the back: forgetting one would lose its runs. */
  #evict(): void {
    let tries = this.#queue.length - this.#head;
    while (this.#isFull() && tries > 0) {
      tries -= 1;
      const oldest = this.#queue[this.#head];
      this.#queue[this.#head] = undefined;
      this.#head += 1;
      if (oldest === undefined || oldest.isGone) continue;
      if (oldest.status === "in_progress") this.#queue.push(oldest);
      else this.remove(oldest);
    }
    if (this.#head > this.#maxEvents) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** Runs and recipients of an event, on average. */
const maxPartsOfEvent = 20;

const nothingSaid = { payload: null, payloadText: null, decision: { triggers: [] } };

function partsOf({ event, runs }: StoredEvent): number {
  let parts = runs.length;
  for (const decision of event.decision.triggers) parts += maybeLazyRecipients(decision).length;
  return parts;
}

/** A run in one of them is never settled, woken or decided about again. */
const finalStatuses: ReadonlySet<RunStatus> = new Set(["triggered", "canceled", "skipped", "dropped"]);

const failedStatuses: ReadonlySet<RunStatus> = new Set(["failed", "dead", "uncertain"]);
