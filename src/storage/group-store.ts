import type { Group, GroupChange, MembershipChange } from "../users/group.js";
import type { Page } from "./page.js";
import type { Abortable } from "./scope.js";

export interface GroupUpdate {
  readonly id: string;
  /** `deleted`: the group was deleted at or after the time of the change, and nothing was stored. */
  readonly status: "created" | "updated" | "unchanged" | "deleted";
}

/** What is known of groups and of who belongs to them. */
export interface UpdateGroupsParams extends Abortable {
  readonly environment: string;
  readonly changes: readonly GroupChange[];
  /**
   * Written after the changes. Those of a group or of a user deleted at or after `at` are passed over, also where the deletion runs at
   * the same time.
   */
  readonly memberships: readonly MembershipChange[];
}

export interface ListMembersParams extends Abortable {
  readonly environment: string;
  /** Members of any of these groups. */
  readonly groupIds: readonly string[];
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** The groups of an environment and their members, who need not be known as users. */
export interface GroupStore {
  /** Creates or updates by the merge rule of users, in any order and any number of times. Results in the order of `changes`. */
  update(params: UpdateGroupsParams): Promise<readonly GroupUpdate[]>;
  /** The known groups among `ids`, in any order. */
  find(
    params: Abortable & { readonly environment: string; readonly ids: readonly string[] },
  ): Promise<readonly Group[]>;
  /**
   * User ids, each once, in an order that does not change: whoever is a member from the first page to the last is on exactly one,
   * whoever else joins or leaves meanwhile.
   */
  members(params: ListMembersParams): Promise<Page<string>>;
  /** Makes the memberships of `from` those of `into`, as after a merge of users. */
  moveMember(
    params: Abortable & { readonly environment: string; readonly from: string; readonly into: string },
  ): Promise<void>;
  /** Erases all memberships of a user, past ones too; with `until` those that were said by then. */
  eraseMember(
    params: Abortable & { readonly environment: string; readonly userId: string; readonly until?: Date | undefined },
  ): Promise<void>;
  /**
   * Deletes a group with its memberships and keeps a hash of the id with `at`, so that what was said before then does not bring it
   * back. `false` when it was not known.
   */
  delete(
    params: Abortable & { readonly environment: string; readonly id: string; readonly at: Date },
  ): Promise<boolean>;
}
