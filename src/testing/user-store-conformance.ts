import { completeUsers } from "../storage/complete-users.js";
import type { UserStore } from "../storage/user-store.js";
import { type ConformanceCase, toConformanceCases } from "./conformance-case.js";
import { erasureCases } from "./storage-erasure-cases.js";
import { mergeCases } from "./storage-merge-cases.js";
import { environmentCases, userCases } from "./storage-user-cases.js";
import { visitorCases } from "./storage-visitor-cases.js";

/** A store of users that is checked by itself, as a host writes it over a table of its own. */
export interface UserStoreUnderTest {
  readonly users: UserStore;
  readonly dispose: () => Promise<void> | void;
}

/** What a store of users can do beside `update`, `find` and `delete`. */
export interface UserStorePowers {
  /** Keeps users of several environments apart. */
  readonly environments?: boolean;
  readonly merge?: boolean;
  /** Can spare what was said after a deletion as well. Needs `merge`. */
  readonly markDeleted?: boolean;
  /** Needs `merge` as well. */
  readonly updateVisitors?: boolean;
}

/**
 * Checks that a `UserStore` does what the port says, concurrent use included, with the powers that it is declared to have.
 *
 * @param make opens an empty store
 * @param powers those that it has; it is taken to have none
 */
export function userStoreConformance(
  make: () => Promise<UserStoreUnderTest> | UserStoreUnderTest,
  powers: UserStorePowers = {},
): readonly ConformanceCase[] {
  const checks = [
    ...userCases,
    ...(powers.environments === true ? environmentCases : []),
    ...(powers.merge === true ? mergeCases : []),
    ...(powers.markDeleted === true ? erasureCases : []),
    ...(powers.updateVisitors === true ? visitorCases : []),
  ];
  return toConformanceCases(checks, async () => {
    const { users, dispose } = await make();
    return { storage: { users: completeUsers(users) }, dispose };
  });
}
