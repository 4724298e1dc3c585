import { canonicalJson } from "../core/json.js";
import type { VisitorChange } from "./user.js";
import { applyUserChange, emptyRegisters, mergeRegisters, type UserRegisters } from "./user-registers.js";

/**
 * What was said under an anonymous id, and whose it is. Plain JSON.
 *
 * The rule of ownership: an anonymous id belongs to the user of the first sign-in under it, by event time, and with it what was said until then.
 * What is said later, and whoever else signs in there later, gets nothing: a device where somebody was signed in is nobody's in
 * particular, until its sender makes a new anonymous id, as Segment's `reset()` does. All of this depends only on what was said and
 * when, so that order and repetition do not matter.
 */
export interface Visitor {
  /** Latest first. */
  readonly said: readonly Statement[];
  /** `null` before the first sign-in. */
  readonly userId: string | null;
  readonly linkedAt: number | null;
}

export type Statement = readonly [at: number, registers: UserRegisters];

export const unknownVisitor: Visitor = { said: [], userId: null, linkedAt: null };

/** A sender who talks without end must not fill the storage. */
const maxStatements = 100;

/** @returns the same object when the statement comes too late to belong to anybody, or says nothing new */
export function applyStatement(visitor: Visitor, { anonymousId: id, at: when, attributes }: VisitorChange): Visitor {
  const at = when.getTime();
  const registers = applyUserChange(emptyRegisters, { id, at: when, attributes });
  if (isLate(visitor, at) || Object.keys(registers).length === 0) return visitor;
  const text = canonicalJson(registers);
  if (visitor.said.some(([knownAt, known]) => knownAt === at && canonicalJson(known) === text)) return visitor;
  const said = [...visitor.said, [at, registers] as const].sort(latestFirst).slice(0, maxStatements);
  return { ...visitor, said };
}

export function isLate({ linkedAt }: Visitor, at: number): boolean {
  return linkedAt !== null && at > linkedAt;
}

/** Somebody signed in. @returns the same object when somebody else was first, or the same user earlier */
export function linkVisitor(visitor: Visitor, userId: string, at: number): Visitor {
  const { linkedAt, said } = visitor;
  const isFirst =
    linkedAt === null || at < linkedAt || (at === linkedAt && visitor.userId !== null && userId < visitor.userId);
  return isFirst ? { said: said.filter(([saidAt]) => saidAt <= at), userId, linkedAt: at } : visitor;
}

/** What the user has of it. */
export function saidBy({ said }: Pick<Visitor, "said">): UserRegisters {
  return said.reduce((all, [, registers]) => mergeRegisters(all, registers), emptyRegisters);
}

function latestFirst(left: Statement, right: Statement): number {
  return right[0] - left[0] || (canonicalJson(left[1]) < canonicalJson(right[1]) ? 1 : -1);
}
