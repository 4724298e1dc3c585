import type { InlineUser, ObjectReference, Recipient, RecipientKey } from "./recipient.js";

export function isObjectReference(recipient: Recipient): recipient is ObjectReference {
  return typeof recipient === "object" && typeof recipient["collection"] === "string";
}

export function isInlineUser(recipient: Recipient): recipient is InlineUser {
  return typeof recipient === "object" && !isObjectReference(recipient);
}

/** The recipient without its attributes. */
export function recipientKey(recipient: Recipient): RecipientKey {
  if (typeof recipient === "string") return recipient;
  return isObjectReference(recipient) ? { collection: recipient.collection, id: recipient.id } : recipient.id;
}

/** As people read it: an id, or `projects/42`. */
export function recipientName(key: RecipientKey): string {
  return typeof key === "string" ? key : `${key.collection}/${key.id}`;
}

/** A text that two recipients share only when they are the same one. */
export function recipientKeyText(key: RecipientKey): string {
  return typeof key === "string" ? key : `\u0000${JSON.stringify([key.collection, key.id])}`;
}
