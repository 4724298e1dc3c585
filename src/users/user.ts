import type { JsonObject, JsonValue } from "../core/json.js";

/** A user as known to an environment, folded from everything that identified them. */
export interface User {
  readonly id: string;
  readonly email: string | null;
  readonly phoneNumber: string | null;
  readonly avatar: string | null;
  /** `name`, or first and last name joined. */
  readonly name: string | null;
  readonly locale: string | null;
  readonly timezone: string | null;
  /** When the account was created, by the sender's word. */
  readonly createdAt: Date | null;
  /** Every other trait. */
  readonly properties: JsonObject;
}

/** What one event says about one user. An absent member keeps what is known; `null` sets it to null. */
export interface UserAttributes {
  readonly email?: string | null;
  readonly phoneNumber?: string | null;
  readonly avatar?: string | null;
  readonly name?: string | null;
  readonly locale?: string | null;
  readonly timezone?: string | null;
  /** ISO 8601. */
  readonly createdAt?: string | null;
  readonly properties?: JsonObject;
}

/** Attributes of a user as of a moment. Changes may be applied in any order and any number of times. */
export interface UserChange {
  readonly id: string;
  /** Event time; decides which change wins, per property. */
  readonly at: Date;
  readonly attributes: UserAttributes;
  /** The anonymous id of the time before the sign-in; what was said under it becomes the user's. */
  readonly anonymousId?: string;
}

/** What somebody said who is not signed in. */
export interface VisitorChange {
  readonly anonymousId: string;
  readonly at: Date;
  readonly attributes: UserAttributes;
}

/** One attribute, or one member of `properties`, with the time of the event that said it last. */
export interface UserHistoryEntry {
  /** Such as `email` or `properties.address.city`; members with other characters are quoted: `properties['a.b']`. */
  readonly path: string;
  readonly value: JsonValue;
  readonly at: Date;
}
