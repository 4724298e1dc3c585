import type { User, UserChange, UserHistoryEntry, VisitorChange } from "../users/user.js";
import type { Page } from "./page.js";
import type { Abortable } from "./scope.js";

export interface UserUpdate {
  readonly id: string;
  /** `deleted`: the user was deleted at or after the time of the change, and nothing was stored. */
  readonly status: "created" | "updated" | "unchanged" | "deleted";
}

/**
 * - `kept`: until somebody signs in under the anonymous id
 * - `folded`: into the user who signed in, as `userId` says
 * - `late`: said after somebody had signed in there, so it is nobody's; not kept
 * - `deleted`: what was said until then was erased; not kept
 */
export interface VisitorUpdate {
  readonly status: "kept" | "folded" | "late" | "deleted";
  readonly userId: string | null;
}

export interface UserMerge {
  /** `deleted`: one of the two was deleted at or after the time of the merge, and nothing was stored. */
  readonly status: "merged" | "deleted";
}

export interface MergeUsersParams extends Abortable {
  readonly environment: string;
  readonly from: string;
  readonly into: string;
  /** When it was said. Without it the two are merged whoever was deleted. */
  readonly at?: Date | undefined;
}

export interface DeleteUserParams extends Abortable {
  readonly environment: string;
  readonly id: string;
  readonly at: Date;
  /**
   * What was said after `at` stays, as a deletion that comes late, or a second time, must leave it. A store that does not know when
   * each thing was said may delete the user all the same. @default false: nothing stays
   */
  readonly sparesLater?: boolean | undefined;
}

/**
 * The users of an environment. A host may put a users table of its own here: with `update`, `find` and `delete`, which every store
 * has. The other methods are powers that a store may have; their absence is a declaration, and each says what happens without it.
 */
export interface UserStore {
  /**
   * Creates or updates. Merging is per property by `change.at`, so any order and any repetition of the same changes ends in
   * the same user; of several changes to one id the results report the first as `created`. Results in the order of `changes`.
   * A store with `updateVisitors` folds in what was said under the `anonymousId` of a change.
   */
  update(
    params: Abortable & { readonly environment: string; readonly changes: readonly UserChange[] },
  ): Promise<readonly UserUpdate[]>;
  /** The known users among `ids`, in any order, under the ids that they have now; unknown ids are left out. */
  find(params: Abortable & { readonly environment: string; readonly ids: readonly string[] }): Promise<readonly User[]>;
  /**
   * Forgets the user and keeps a hash of the id with `at`, so that changes of before then (a late retry) do not bring the user
   * back: `update` answers them with `deleted`. Changes of after then create the user anew. Answers with the ids that the user was
   * known by, merged and anonymous ones too; none when the user was not known, or stays because of what was said later.
   */
  delete(params: DeleteUserParams): Promise<readonly string[]>;
  /**
   * Keeps the hashes that `delete` keeps, and answers with all ids that the user is known by, the one asked for among them; the user
   * stays. From then on none is added by what was said until `at`. Called before anything is erased, and `delete` last: an erasure that
   * was interrupted finds all ids again. Without it only the ids that `delete` answered with are erased, and none after a failure.
   */
  markDeleted?(params: DeleteUserParams): Promise<readonly string[]>;
  /**
   * The known ids among `ids`, each with the id that the user has now: another one after a merge. Every event with recipients asks,
   * unless its recording looks them up (`EventStore.checksKnownIn`). Without it `find` is asked, which reads more than is needed.
   */
  known?(
    params: Abortable & { readonly environment: string; readonly ids: readonly string[] },
  ): Promise<ReadonlyMap<string, string>>;
  /**
   * Folds `from` into `into` by the merge rule of `update`. From then on `from` is another id of the same user, also when it was not
   * known: what is said of it later counts for `into`. Merging a user with itself changes nothing. Nothing is done where one of the two
   * was deleted since it was said (`at`): a late alias brings nobody back. Without it alias events change no user, and their outcome
   * says so; `source.users.merge` throws.
   */
  merge?(params: MergeUsersParams): Promise<UserMerge>;
  /**
   * Keeps what is said under anonymous ids, bounded in number for each, until `update` or a merge ties one to a user; by the merge rule
   * of `update`, in any order. Results in the order of `changes`. Without it what visitors say is not kept.
   */
  updateVisitors?(
    params: Abortable & { readonly environment: string; readonly changes: readonly VisitorChange[] },
  ): Promise<readonly VisitorUpdate[]>;
  /**
   * Users in the order of their ids, which is total; with `search` those whose id starts with it or whose email it is, whatever its
   * case. Along an index. Each as `find` tells of them; an email that was only said before the sign-in need not be found by. Optional:
   * a host's own users table may have no such order.
   */
  list?(params: ListUsersParams): Promise<Page<User>>;
  /**
   * Each attribute that `find` tells of, with the time at which it was said; `null` for a user who is not known. Optional: not everybody
   * keeps the times.
   */
  history?(
    params: Abortable & { readonly environment: string; readonly id: string },
  ): Promise<readonly UserHistoryEntry[] | null>;
}

export interface ListUsersParams extends Abortable {
  readonly environment: string;
  readonly search?: string | undefined;
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}
