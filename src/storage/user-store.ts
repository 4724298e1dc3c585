import type { User, UserChange } from "../users/user.js";
import type { Abortable } from "./scope.js";

export interface UserUpdate {
  readonly id: string;
  /** `deleted`: the user was deleted at or after the time of the change, and nothing was stored. */
  readonly status: "created" | "updated" | "unchanged" | "deleted";
}

/** The users of an environment. A host may put its own users table here. */
export interface UserStore {
  /**
   * Creates or updates. Merging is per property by `change.at`, so any order and any repetition of the same changes ends in
   * the same user; of several changes to one id the results report the first as `created`. Results in the order of `changes`.
   */
  update(
    params: Abortable & { readonly environment: string; readonly changes: readonly UserChange[] },
  ): Promise<readonly UserUpdate[]>;
  /** The known users among `ids`, in any order, under the ids that they have now; unknown ids are left out. */
  find(params: Abortable & { readonly environment: string; readonly ids: readonly string[] }): Promise<readonly User[]>;
  /** The known ids among `ids`, each with the id that the user has now: another one after a merge. Every event with recipients asks. */
  known(
    params: Abortable & { readonly environment: string; readonly ids: readonly string[] },
  ): Promise<ReadonlyMap<string, string>>;
  /**
   * Folds `from` into `into` by the law of `update`. From then on `from` is another id of the same user, also when it was not known:
   * what is said of it later counts for `into`. Merging a user with itself changes nothing.
   */
  merge(
    params: Abortable & { readonly environment: string; readonly from: string; readonly into: string },
  ): Promise<void>;
  /**
   * Forgets the user and keeps a hash of the id with `at`, so that changes of before then (a late retry) do not bring the user
   * back: `update` answers them with `deleted`. Changes of after then create the user anew. Answers with the ids that the user was
   * known by, merged ones too; none when the user was not known.
   */
  delete(
    params: Abortable & { readonly environment: string; readonly id: string; readonly at: Date },
  ): Promise<readonly string[]>;
}
