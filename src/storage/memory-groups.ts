import {
  applyGroupChange,
  type GroupChange,
  isLaterMembership,
  type MembershipChange,
  toGroup,
} from "../users/group.js";
import { emptyRegisters, type UserRegisters } from "../users/user-registers.js";
import type { GroupStore, GroupUpdate } from "./group-store.js";
import type { MemoryDeletions } from "./memory-deletions.js";
import { keyIn } from "./memory-key.js";
import type { ExpandedMembers } from "./run-store.js";

type Membership = Pick<MembershipChange, "isMember" | "at">;

/** Groups, and of each who is or was a member. */
export class MemoryGroups {
  readonly #deletions: MemoryDeletions;
  readonly #groups = new Map<string, UserRegisters>();
  readonly #members = new Map<string, Map<string, Membership>>();
  /** By group, while nothing changes it: pages of a large group need not sort it anew. */
  readonly #sorted = new Map<string, readonly string[]>();

  constructor(deletions: MemoryDeletions) {
    this.#deletions = deletions;
  }

  store(): GroupStore {
    return {
      update: async ({ environment, changes, memberships }) => {
        const updates = changes.map((change) => this.#update(environment, change));
        for (const membership of memberships) this.#setMember(environment, membership);
        return updates;
      },
      find: async ({ environment, ids }) =>
        [...new Set(ids)].flatMap((id) => {
          const registers = this.#groups.get(keyIn(environment, id));
          return registers === undefined ? [] : [toGroup(id, registers)];
        }),
      members: async ({ environment, groupIds, limit, cursor }) => {
        const lists = [...new Set(groupIds)].map((id) => this.#list(keyIn(environment, id)));
        const all = lists.length === 1 ? (lists[0] ?? []) : [...new Set(lists.flat())].sort();
        const from = cursor === undefined ? 0 : firstAfter(all, cursor);
        const items = all.slice(from, from + limit);
        return { items, nextCursor: from + limit < all.length ? (items.at(-1) ?? null) : null };
      },
      moveMember: async ({ environment, from, into }) => this.#move(environment, from, into),
      eraseMember: async ({ environment, userId, until }) => {
        for (const [key, members] of this.#of(environment)) {
          const saidAt = members.get(userId)?.at;
          if (saidAt === undefined || (until !== undefined && saidAt > until)) continue;
          members.delete(userId);
          this.#sorted.delete(key);
        }
      },
      delete: async ({ environment, id, at }) => {
        const key = keyIn(environment, id);
        this.#deletions.mark("group", environment, id, at.getTime());
        this.#members.delete(key);
        this.#sorted.delete(key);
        return this.#groups.delete(key);
      },
    };
  }

  /** Whether each of these users is a member of at least one of these groups. */
  areMembers(environment: string, { groupIds, userIds }: ExpandedMembers): boolean {
    const groups = groupIds.flatMap((id) => this.#members.get(keyIn(environment, id)) ?? []);
    return userIds.every((userId) => groups.some((members) => members.get(userId)?.isMember === true));
  }

  #update(environment: string, change: GroupChange): GroupUpdate {
    const { id, at } = change;
    if (this.#deletions.covers("group", environment, id, at.getTime())) return { id, status: "deleted" };
    const known = this.#groups.get(keyIn(environment, id));
    const updated = applyGroupChange(known ?? emptyRegisters, change);
    if (updated === known) return { id, status: "unchanged" };
    this.#groups.set(keyIn(environment, id), updated);
    return { id, status: known === undefined ? "created" : "updated" };
  }

  #setMember(environment: string, { groupId, userId, ...word }: MembershipChange): void {
    const at = word.at.getTime();
    if (this.#deletions.covers("group", environment, groupId, at)) return;
    if (this.#deletions.covers("user", environment, userId, at)) return;
    const key = keyIn(environment, groupId);
    const members = this.#members.get(key) ?? new Map<string, Membership>();
    const known = members.get(userId);
    if (known !== undefined && !isLaterMembership(word, known)) return;
    this.#members.set(key, members.set(userId, word));
    this.#sorted.delete(key);
  }

  #move(environment: string, from: string, into: string): void {
    for (const [key, members] of this.#of(environment)) {
      const word = members.get(from);
      if (word === undefined) continue;
      members.delete(from);
      const known = members.get(into);
      if (known === undefined || isLaterMembership(word, known)) members.set(into, word);
      this.#sorted.delete(key);
    }
  }

  #of(environment: string): readonly (readonly [string, Map<string, Membership>])[] {
    return [...this.#members].filter(([key]) => key.startsWith(keyIn(environment, "")));
  }

  #list(key: string): readonly string[] {
    const kept = this.#sorted.get(key);
    if (kept !== undefined) return kept;
    const members = [...(this.#members.get(key) ?? [])].flatMap(([userId, { isMember }]) => (isMember ? [userId] : []));
    const sorted = members.sort();
    this.#sorted.set(key, sorted);
    return sorted;
  }
}

function firstAfter(sorted: readonly string[], cursor: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") <= cursor) low = middle + 1;
    else high = middle;
  }
  return low;
}
