import type { Abortable } from "./scope.js";

export interface PurgeParams extends Abortable {
  readonly payloadsOlderThanMs: number;
  readonly eventsOlderThanMs: number;
  readonly limit: number;
}

/**
 * An event mentions a user when its decision or one of its runs names one of the ids. It loses payload and decision; its runs lose the
 * recipient, and whatever else is one of the ids, and go when they have no other.
 */
export interface EraseMentionsParams extends Abortable {
  readonly environment: string;
  /** Of one user. */
  readonly userIds: readonly string[];
  /** Events that both happened and were received after then are left alone. */
  readonly at: Date;
  /** How many events are looked at. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}
