import type { JsonObject } from "../core/json.js";
import type { RecipientReason } from "../core/reasons.js";

/** A user described in the event itself; identified before the run starts. `id` alone creates the user. */
export interface InlineUser extends JsonObject {
  readonly id: string;
}

/** Something that is not a user, such as a project or a team. */
export interface ObjectReference extends JsonObject {
  readonly collection: string;
  readonly id: string;
}

/** A user id, an inline user, or an object reference. Further members (`channel_data`, `$trigger_data`, …) are carried through. */
export type Recipient = string | InlineUser | ObjectReference;

/** A recipient without its attributes, as outcomes and logs name it. */
export type RecipientKey = string | { readonly collection: string; readonly id: string };

/** An element that was mapped to a recipient but is none, or was taken out. */
export interface RejectedRecipient {
  readonly recipient: RecipientKey;
  readonly reason: RecipientReason;
  /** Why, in words: what was expected and what came. */
  readonly message: string;
}

export const isActorMessage = "The actor is not notified of their own doing (excludeActor).";
