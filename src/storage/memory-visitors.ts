import type { Clock } from "../core/clock.js";
import type { VisitorChange } from "../users/user.js";
import { emptyRegisters, mergeRegisters, type UserRegisters } from "../users/user-registers.js";
import { applyStatement, isLate, linkVisitor, saidBy, unknownVisitor, type Visitor } from "../users/visitor.js";
import { keyIn } from "./memory-key.js";
import type { VisitorUpdate } from "./user-store.js";

interface SeenVisitor {
  readonly visitor: Visitor;
  readonly seenAt: number;
}

/** What was said under anonymous ids; the least recently seen go when there are too many. */
export class MemoryVisitors {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #visitors = new Map<string, SeenVisitor>();
  /** Keys of visitors by key of the user they are. */
  readonly #byUser = new Map<string, Set<string>>();

  constructor(max: number, clock: Clock) {
    this.#max = max;
    this.#clock = clock;
  }

  say(environment: string, change: VisitorChange): VisitorUpdate {
    const key = keyIn(environment, change.anonymousId);
    const known = this.#visitors.get(key)?.visitor ?? unknownVisitor;
    const visitor = applyStatement(known, change);
    if (visitor !== known) this.#set(environment, key, visitor);
    if (isLate(known, change.at.getTime())) return { status: "late", userId: null };
    return { status: visitor.userId === null ? "kept" : "folded", userId: visitor.userId };
  }

  /** @returns whether the user has something of it that was not theirs before */
  link(environment: string, anonymousId: string, userId: string, at: number): boolean {
    const key = keyIn(environment, anonymousId);
    const known = this.#visitors.get(key)?.visitor ?? unknownVisitor;
    const visitor = linkVisitor(known, userId, at);
    if (visitor === known) return false;
    this.#set(environment, key, visitor);
    return visitor.said.length > 0 && known.userId !== userId;
  }

  saidBy(environment: string, userId: string): UserRegisters {
    let all = emptyRegisters;
    for (const key of this.#byUser.get(keyIn(environment, userId)) ?? [])
      all = mergeRegisters(all, saidBy(this.#visitors.get(key)?.visitor ?? unknownVisitor));
    return all;
  }

  move(environment: string, from: string, into: string): void {
    for (const key of [...(this.#byUser.get(keyIn(environment, from)) ?? [])]) {
      const seen = this.#visitors.get(key);
      if (seen !== undefined) this.#set(environment, key, { ...seen.visitor, userId: into });
    }
  }

  /**
   * @param until only those who were tied to the user, or last heard, by then; `null`: all
   * @returns the anonymous ids that are theirs
   */
  of(environment: string, userIds: readonly string[], until: number | null): readonly string[] {
    const tied = userIds.flatMap((id) => [...(this.#byUser.get(keyIn(environment, id)) ?? [])]);
    const keys = new Set([...tied, ...userIds.map((id) => keyIn(environment, id))]);
    return [...keys].flatMap((key) => {
      const visitor = this.#visitors.get(key)?.visitor;
      const lastAt = visitor?.linkedAt ?? visitor?.said[0]?.[0] ?? 0;
      const isTheirs = visitor !== undefined && (until === null || lastAt <= until);
      return isTheirs ? [key.slice(keyIn(environment, "").length)] : [];
    });
  }

  erase(environment: string, anonymousIds: readonly string[]): void {
    for (const id of anonymousIds) this.#remove(keyIn(environment, id));
  }

  forget(before: number): void {
    for (const [key, { visitor, seenAt }] of this.#visitors) {
      if (seenAt < before && (visitor.userId === null || visitor.said.length === 0)) this.#remove(key);
    }
  }

  #set(environment: string, key: string, visitor: Visitor): void {
    this.#remove(key);
    this.#visitors.set(key, { visitor, seenAt: this.#clock.now() });
    if (visitor.userId !== null) {
      const user = keyIn(environment, visitor.userId);
      this.#byUser.set(user, (this.#byUser.get(user) ?? new Set()).add(key));
    }
    const oldest = this.#visitors.keys().next();
    if (this.#visitors.size > this.#max && oldest.done !== true) this.#remove(oldest.value);
  }

  #remove(key: string): void {
    const userId = this.#visitors.get(key)?.visitor.userId ?? null;
    this.#visitors.delete(key);
    if (userId === null) return;
    const user = keyIn(key.slice(0, key.indexOf("\u0000")), userId);
    const keys = this.#byUser.get(user);
    keys?.delete(key);
    if (keys?.size === 0) this.#byUser.delete(user);
  }
}
