import type { RecipientDecision } from "../outcome/decision.js";
import type { Recipient } from "../recipients/recipient.js";
import { recipientKey } from "../recipients/recipient-key.js";

/**
 * What is decided about recipients who all go into one run. Triggers on one event often notify the same list, which then is told of
 * once.
 */
export class SharedDecisions {
  #recipients: readonly Recipient[] = [];
  #decisions: readonly RecipientDecision[] = [];

  of(recipients: readonly Recipient[]): readonly RecipientDecision[] {
    if (recipients !== this.#recipients) {
      this.#recipients = recipients;
      this.#decisions = recipients.map((recipient) => ({ recipient: recipientKey(recipient), run: 0 }));
    }
    return this.#decisions;
  }
}
