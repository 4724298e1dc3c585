import { randomUUID } from "node:crypto";
import type { JsonObject } from "../core/json.js";
import type { SegmentEvent } from "../segment/event.js";

/** Members to add to a built event, or to replace. */
export type EventMembers = Readonly<Record<string, JsonObject[string]>>;

/** A track event as Segment sends it: `track("Comment Created", { title: "Hi" }, { userId: "ada" })`. */
export function track(event: string, properties: JsonObject = {}, members: EventMembers = {}): SegmentEvent {
  return { ...common(), type: "track", event, properties, ...members };
}

/** An identify event as Segment sends it. */
export function identify(userId: string, traits: JsonObject = {}, members: EventMembers = {}): SegmentEvent {
  return { ...common(), type: "identify", userId, traits, ...members };
}

/** A page event as Segment sends it. */
export function page(name: string, properties: JsonObject = {}, members: EventMembers = {}): SegmentEvent {
  return { ...common(), type: "page", name, properties, ...members };
}

/** A screen event as Segment sends it. */
export function screen(name: string, properties: JsonObject = {}, members: EventMembers = {}): SegmentEvent {
  return { ...common(), type: "screen", name, properties, ...members };
}

/** A group event as Segment sends it: `group("acme", { name: "Acme" }, { userId: "ada" })`. */
export function group(groupId: string, traits: JsonObject = {}, members: EventMembers = {}): SegmentEvent {
  return { ...common(), type: "group", groupId, traits, ...members };
}

/** An alias event as Segment sends it: from then on `previousId` is another id of `userId`. */
export function alias(userId: string, previousId: string, members: EventMembers = {}): SegmentEvent {
  return { ...common(), type: "alias", userId, previousId, ...members };
}

/** The body of Segment's SDKs. Its webhook sends a plain array instead. */
export function batch(...events: readonly SegmentEvent[]): JsonObject {
  return { batch: events, sentAt: new Date().toISOString() };
}

/** The time that a builder gave an event, as long as nobody gave it another. By it a test source knows which it may set by its own clock. */
export const builtAt = Symbol.for("bellwire.builtAt");

function common() {
  const timestamp = new Date().toISOString();
  return { messageId: `test-${randomUUID()}`, timestamp, context: {}, [builtAt]: timestamp };
}
