import { createHash, randomUUID } from "node:crypto";
import { canonicalJson, type JsonObject } from "../core/json.js";
import { idOf } from "./id-of.js";

/** Segment's own limit. */
const maxLength = 100;

/** Segment's Event Tester sends this for every test. */
const constantTestId = "segment-test-message";

/**
 * The dedupe key of an event: its messageId, under any of the names that senders use; derived from the content where there is
 * none, or where it is the constant of Segment's Event Tester; and from itself where it is longer than Segment allows.
 */
export function messageIdOf(event: JsonObject): string {
  const given = givenMessageId(event);
  // A deletion is kept as a duplicate of itself, and must not keep the id it deletes.
  const { userId } = event;
  if (event["type"] === "delete" && given !== null && typeof userId === "string" && given.includes(userId))
    return `bw-${hash(given)}`;
  if (given === null) return `bw-${contentHash(event)}`;
  if (given === constantTestId) return `${constantTestId}-${contentHash(event)}`;
  return given.length > maxLength ? `bw-${hash(given)}` : given;
}

function givenMessageId(event: JsonObject): string | null {
  for (const name of ["messageId", "messageID", "message_id"]) {
    const id = idOf(event[name]);
    if (id !== null) return id;
  }
  return null;
}

/** What a delivery adds to an event is not part of it: another delivery has other values. */
function contentHash({ sentAt: _sentAt, receivedAt: _receivedAt, ...content }: JsonObject): string {
  return hash(canonicalJson(content));
}

/** An id for an element that is no event: equal elements share it, and no event has it. */
export function invalidMessageId(payload: unknown): string {
  try {
    return `invalid-${hash(JSON.stringify(payload) ?? "")}`;
  } catch {
    // Too deep, cyclic, or with values that JSON has no word for.
    return `invalid-${randomUUID()}`;
  }
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 40);
}
