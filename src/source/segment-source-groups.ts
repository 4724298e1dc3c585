import type { JsonObject } from "../core/json.js";
import type { GroupUpdate } from "../storage/group-store.js";
import type { Page } from "../storage/page.js";
import type { Group } from "../users/group.js";
import type { ChangedBy, InEnvironment } from "./in-environment.js";

export interface ListMembersOptions extends InEnvironment {
  /** @default 100, and 1,000 at most */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface SegmentSourceGroups {
  /** Creates or updates a group, as a group event of this moment (or of `at`) would. */
  identify(
    group: { readonly id: string; readonly at?: Date; readonly traits?: JsonObject },
    options?: InEnvironment,
  ): Promise<GroupUpdate>;
  get(id: string, options?: InEnvironment): Promise<Group | null>;
  /** User ids, in an order that does not change. */
  members(id: string, options?: ListMembersOptions): Promise<Page<string>>;
  /** Makes somebody a member as of now (or of `at`), and the group known. The later word on a membership counts. */
  addMember(id: string, userId: string, options?: InEnvironment & { readonly at?: Date }): Promise<void>;
  removeMember(id: string, userId: string, options?: InEnvironment & { readonly at?: Date }): Promise<void>;
  /** Forgets the group and who belongs to it; what was said before now does not bring it back. `false` when it was not known. */
  delete(id: string, options?: InEnvironment & ChangedBy): Promise<boolean>;
}
