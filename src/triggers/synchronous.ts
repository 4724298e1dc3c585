/** What a function of a trigger returns, unless that is a promise, which nobody would await: then it is something that no promise is. */
export type Synchronous<Returned> =
  Returned extends PromiseLike<unknown> ? FunctionsOfTriggersAreSynchronous : Returned;

/** For the compiler's message. What has to be looked up is looked up before the event is handled, or in the workflow by an id. */
export interface FunctionsOfTriggersAreSynchronous {
  readonly "a promise is not awaited": never;
}

/** What the functions of a trigger return, each by itself: of several, the compiler would settle for what the first returns. */
export interface ReturnedByField {
  readonly recipients: unknown;
  readonly actor: unknown;
  readonly tenant: unknown;
  readonly cancellationKey: unknown;
  readonly when: unknown;
}
