import type { NewEvent } from "../storage/storage.js";

/** An event to be recorded. Whom it names is gathered when a storage asks, which one that nobody was deleted from need not. */
export class FrozenEvent implements NewEvent {
  readonly messageId: string;
  readonly type: string | null;
  readonly name: string | null;
  readonly userId: string | null;
  readonly anonymousId: string | null;
  readonly occurredAt: Date;
  readonly receivedAt: Date;
  readonly payload: NewEvent["payload"];
  readonly payloadText: string | null;
  readonly status: NewEvent["status"];
  readonly reason: NewEvent["reason"];
  readonly decision: NewEvent["decision"];
  readonly runs: NewEvent["runs"];
  readonly #gatherNames: () => readonly string[];

  constructor(event: Omit<NewEvent, "names">, gatherNames: () => readonly string[]) {
    this.messageId = event.messageId;
    this.type = event.type;
    this.name = event.name;
    this.userId = event.userId;
    this.anonymousId = event.anonymousId;
    this.occurredAt = event.occurredAt;
    this.receivedAt = event.receivedAt;
    this.payload = event.payload;
    this.payloadText = event.payloadText ?? null;
    this.status = event.status;
    this.reason = event.reason;
    this.decision = event.decision;
    this.runs = event.runs;
    this.#gatherNames = gatherNames;
  }

  get names(): readonly string[] {
    return this.#gatherNames();
  }
}
