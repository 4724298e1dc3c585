import type { JsonObject } from "../core/json.js";
import { applyUserChange, toUser, type UserRegisters } from "./user-registers.js";

/** A company, team or workspace: what Segment's group events are about, and what a trigger's tenant may name. */
export interface Group {
  readonly id: string;
  readonly traits: JsonObject;
}

/** Traits of a group as of a moment. Changes may be applied in any order and any number of times. */
export interface GroupChange {
  readonly id: string;
  /** Event time; decides which change wins, per trait. */
  readonly at: Date;
  readonly traits: JsonObject;
}

/** Somebody joined a group, or left it. The later change wins; at the same time, joining does. */
export interface MembershipChange {
  readonly groupId: string;
  readonly userId: string;
  readonly isMember: boolean;
  readonly at: Date;
}

/** By the merge rule of users. @returns the same object when the change says nothing new */
export function applyGroupChange(registers: UserRegisters, { id, at, traits }: GroupChange): UserRegisters {
  return applyUserChange(registers, { id, at, attributes: { properties: traits } });
}

export function toGroup(id: string, registers: UserRegisters): Group {
  return { id, traits: toUser(id, registers).properties };
}

/** Whether the later word on a membership is the first of the two. */
export function isLaterMembership(
  word: Pick<MembershipChange, "isMember" | "at">,
  known: Pick<MembershipChange, "isMember" | "at">,
): boolean {
  const [at, knownAt] = [word.at.getTime(), known.at.getTime()];
  return at > knownAt || (at === knownAt && word.isMember && !known.isMember);
}
