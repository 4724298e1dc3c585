import type { TimedCall, TimeWindow } from "../core/time-limit.js";
import type { RunResult } from "../storage/run-store.js";
import type { DispatchRound } from "./attempt.js";
import type { Dispatcher } from "./dispatcher.js";
import type { RunGroups } from "./group-runs.js";
import type { RunTask } from "./run-task.js";

export interface DispatchWorkOptions {
  readonly dispatcher: Dispatcher;
  /** By the local clock. */
  readonly leasedUntil: number;
  /** Makes runs for the members of a group and sends these; resolves when it has ended, `null` when it has to stop half-way. */
  readonly expand: (task: RunTask) => Promise<RunResult | null>;
  /** Runs that are not among the groups, since no attempt is to be made with them now. */
  readonly putOff: readonly RunTask[];
}

/**
 * The runs of one call on their way to the runner: users first, then the runs that may need them there. Told by callbacks and not by
 * promises, of which one for the whole is all that there is.
 */
export class DispatchWork implements DispatchRound, TimedCall {
  place = 0;
  readonly leasedUntil: number;
  readonly #options: DispatchWorkOptions;
  /** What is begun when those in hand have ended. */
  #next: RunGroups | null;
  #left = 0;
  #ended: RunResult[] = [];
  readonly #untouched: RunTask[];
  #failure: { readonly cause: unknown } | null = null;
  #isOver = false;
  #resume: (() => void) | null = null;

  constructor(groups: RunGroups, options: DispatchWorkOptions) {
    this.leasedUntil = options.leasedUntil;
    this.#options = options;
    this.#next = groups;
    this.#untouched = [...options.putOff];
  }

  /** Begins, and resolves when all has ended, or earlier: when the time or the caller's patience has. `true` when all has ended. */
  run(window: TimeWindow, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const giveUp = () => this.timeOut();
      this.#resume = () => {
        window.leave(this);
        signal?.removeEventListener("abort", giveUp);
        resolve(this.#isOver && this.#failure === null);
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      window.enter(this);
      this.#begin();
      // A signal that was aborted before tells nobody.
      if (signal?.aborted === true) giveUp();
    });
  }

  /** Resolves when all has ended. @throws what kept the members of a group from being told, if anything did */
  async end(): Promise<void> {
    if (!this.#isOver) await new Promise<void>((resolve) => (this.#resume = resolve));
    if (this.#failure !== null) throw this.#failure.cause;
  }

  /** The attempts that have ended since they were last asked for. */
  takeEnded(): readonly RunResult[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  /** Runs that no attempt was made with. */
  get untouched(): readonly RunTask[] {
    return this.#untouched;
  }

  onResult(result: RunResult): void {
    this.#ended.push(result);
  }

  onEnd(group: readonly RunTask[], wasMade: boolean): void {
    if (!wasMade) this.#untouched.push(...group);
    this.#leave();
  }

  timeOut(): void {
    this.#wake();
  }

  #begin(): void {
    const groups = this.#next;
    if (groups === null) {
      this.#isOver = true;
      this.#wake();
      return;
    }
    const { identify, others, expand } = groups;
    this.#next = identify.length === 0 ? null : { identify: [], others, expand };
    const now = identify.length === 0 ? others : identify;
    const expanded = identify.length === 0 ? expand : [];
    // One more until all are begun, so that what ends at once does not end the whole.
    this.#left = now.length + expanded.length + 1;
    for (const task of expanded) this.#expand(task);
    for (const group of now) this.#options.dispatcher.dispatch(group, this);
    this.#leave();
  }

  #expand(task: RunTask): void {
    this.#options.expand(task).then(
      (result) => {
        if (result !== null) this.onResult(result);
        this.onEnd([task], result !== null);
      },
      (cause: unknown) => {
        this.#failure ??= { cause };
        this.#leave();
      },
    );
  }

  #leave(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#begin();
  }

  #wake(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }
}
