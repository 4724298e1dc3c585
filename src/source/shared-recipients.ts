import type { RecipientDecision } from "../outcome/decision.js";
import { type MaybeLazyList, mapLazily } from "../outcome/lazy-list.js";
import type { Recipient } from "../recipients/recipient.js";
import { recipientKey } from "../recipients/recipient-key.js";
import type { IdentifiedUsers } from "./identify-users.js";

/** Recipients by whether anybody knows them. */
export interface PartedRecipients {
  /** Under the ids that they have now, each once. */
  readonly identified: readonly Recipient[];
  readonly unknown: readonly string[];
}

/** What is found out and decided about recipients. Triggers on one event often notify the same list, which then is gone through once. */
export class SharedRecipients {
  readonly #currentId: IdentifiedUsers["currentId"];
  #whole: readonly Recipient[] = [];
  #parted: PartedRecipients = nobody;
  #decided: readonly Recipient[] = [];
  #decisions: MaybeLazyList<RecipientDecision> = [];

  constructor(currentId: IdentifiedUsers["currentId"]) {
    this.#currentId = currentId;
  }

  part(recipients: readonly Recipient[]): PartedRecipients {
    if (recipients !== this.#whole) {
      this.#whole = recipients;
      this.#parted = partRecipients(recipients, this.#currentId);
    }
    return this.#parted;
  }

  /** Of recipients who all go into one run. */
  decide(recipients: readonly Recipient[]): MaybeLazyList<RecipientDecision> {
    if (recipients !== this.#decided) {
      this.#decided = recipients;
      this.#decisions = mapLazily(recipients, toOnlyRun);
    }
    return this.#decisions;
  }
}

function toOnlyRun(recipient: Recipient): RecipientDecision {
  return { recipient: recipientKey(recipient), run: 0 };
}

const nobody: PartedRecipients = { identified: [], unknown: [] };

function partRecipients(recipients: readonly Recipient[], currentId: IdentifiedUsers["currentId"]): PartedRecipients {
  // All of them known, and by the ids that they have now: nearly always.
  if (recipients.every((recipient) => typeof recipient === "string" && currentId(recipient) === recipient))
    return { identified: recipients, unknown: nobody.unknown };
  const identified: Recipient[] = [];
  const taken = new Set<string>();
  const unknown: string[] = [];
  for (const recipient of recipients) {
    const id = typeof recipient === "string" ? currentId(recipient) : recipient;
    if (id === null) unknown.push(String(recipient));
    else if (typeof id !== "string") identified.push(id);
    else if (!taken.has(id)) identified.push(id);
    // Two ids of one user are one recipient.
    if (typeof id === "string") taken.add(id);
  }
  return { identified, unknown };
}
