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
  /** The known users among `ids`, in any order; unknown ids are left out. */
  find(params: Abortable & { readonly environment: string; readonly ids: readonly string[] }): Promise<readonly User[]>;
  /** The known ids among `ids`; what every event with recipients asks. */
  known(
    params: Abortable & { readonly environment: string; readonly ids: readonly string[] },
  ): Promise<ReadonlySet<string>>;
  /** Folds `from` into `into` by the law of `update`; `from` is gone afterwards. An unknown `from` changes nothing. */
  merge(
    params: Abortable & { readonly environment: string; readonly from: string; readonly into: string },
  ): Promise<void>;
  /**
   * Forgets the user and keeps a hash of the id with `at`, so that changes of before then (a late retry) do not bring the user
   * back: `update` answers them with `deleted`. Changes of after then create the user anew. `false` when the user was not known.
   */
  delete(
    params: Abortable & { readonly environment: string; readonly id: string; readonly at: Date },
  ): Promise<boolean>;
}
