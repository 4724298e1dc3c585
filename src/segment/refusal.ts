import type { InvalidEventReason } from "./event.js";

/** Why an element of the payload is not taken for an event. */
export class Refusal {
  readonly reason: InvalidEventReason;
  /** What is wrong and what to do about it, without personal data. */
  readonly message: string;

  constructor(reason: InvalidEventReason, message: string) {
    this.reason = reason;
    this.message = message;
  }
}
