import type { Abortable } from "./scope.js";

export interface PurgeParams extends Abortable {
  readonly payloadsOlderThanMs: number;
  readonly eventsOlderThanMs: number;
  readonly limit: number;
}

/**
 * An event mentions a user when its decision or one of its runs names the id. It loses payload and decision; its runs lose the
 * recipient, and go when they have no other.
 */
export interface EraseMentionsParams extends Abortable {
  readonly environment: string;
  readonly userId: string;
  /** Events looked at. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}
