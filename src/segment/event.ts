import type { JsonObject, JsonValue } from "../core/json.js";

/** The calls of the Segment spec, and the `delete` that Segment sends on a GDPR deletion. */
export const segmentEventTypes = ["track", "identify", "page", "screen", "group", "alias", "delete"] as const;
export type SegmentEventType = (typeof segmentEventTypes)[number];

/**
 * One Segment message as it arrived; members unknown to the spec are kept.
 * Real senders leave out every member but `type`, and send `context` as `null` or `[]`.
 * @see https://segment.com/docs/connections/spec/common/
 */
export interface SegmentEvent extends JsonObject {
  readonly type: SegmentEventType;
}

/** A `SegmentEvent` together with what the library reads from it. */
export interface ReceivedEvent {
  readonly event: SegmentEvent;
  /** The text that `event` was read from, where that is at hand: what came, or a part of it. */
  readonly text: string | null;
  readonly type: SegmentEventType;
  /** `event` of a track; `name` (or, as RudderStack sends it, `event`) of a page or screen; otherwise `null`. */
  readonly name: string | null;
  /** The dedupe key: the sender's messageId, or one derived from the content where that is missing or not unique. */
  readonly messageId: string;
  /** A string; numbers are coerced; `null` when absent or empty. */
  readonly userId: string | null;
  readonly anonymousId: string | null;
  /** When it happened: `timestamp`, else `originalTimestamp`, `sentAt`, `receivedAt`, else the time of receipt. */
  readonly occurredAt: Date;
}

/** An element of the payload that is not a Segment event. */
export interface InvalidEvent {
  /** Position in the payload, from 0. */
  readonly index: number;
  /** Derived from the content, so that a corrected event with the same messageId is not taken for a duplicate. */
  readonly messageId: string;
  readonly type: string | null;
  readonly name: string | null;
  readonly reason: InvalidEventReason;
  /** What is wrong and what to do about it, without personal data. */
  readonly message: string;
  readonly payload: JsonValue;
}

export type InvalidEventReason =
  | "not_an_object"
  | "type_missing"
  | "type_unknown"
  | "event_name_missing"
  | "field_invalid"
  | "event_too_large"
  | "event_too_deep"
  | "event_too_many_keys";
