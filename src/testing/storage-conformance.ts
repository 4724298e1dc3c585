import { type ConformanceCase, toConformanceCases } from "./conformance-case.js";
import { auditCases } from "./storage-audit-cases.js";
import { decisionCases } from "./storage-decision-cases.js";
import { deletionCases } from "./storage-deletion-cases.js";
import { erasureCases } from "./storage-erasure-cases.js";
import { eventCases } from "./storage-event-cases.js";
import { expandCases } from "./storage-expand-cases.js";
import type { StorageCase, StorageUnderTest } from "./storage-fixtures.js";
import { forgetCases } from "./storage-forget-cases.js";
import { groupCases } from "./storage-group-cases.js";
import { holdCases, mergedHoldCases } from "./storage-hold-cases.js";
import { knownCases } from "./storage-known-cases.js";
import { mentionCases } from "./storage-mention-cases.js";
import { mergeCases } from "./storage-merge-cases.js";
import { overrideCases } from "./storage-override-cases.js";
import { runCases } from "./storage-run-cases.js";
import { searchAndTimelineCases } from "./storage-search-cases.js";
import { environmentCases, userCases } from "./storage-user-cases.js";
import { userListCases } from "./storage-user-list-cases.js";
import { visitorCases } from "./storage-visitor-cases.js";
import type { UserStorePowers } from "./user-store-conformance.js";

/**
 * Checks that a `Storage` does what the port says, concurrent use included. Each case makes a storage of its own.
 *
 * @param make opens an empty, migrated storage
 * @param powers those of its users that it does not have; it is taken to have every one
 */
export function storageConformance(
  make: () => Promise<StorageUnderTest> | StorageUnderTest,
  { merge = true, markDeleted = merge, updateVisitors = true }: Omit<UserStorePowers, "environments"> = {},
): readonly ConformanceCase[] {
  const checks: readonly StorageCase[] = [
    ...eventCases,
    ...searchAndTimelineCases,
    ...forgetCases,
    ...deletionCases,
    ...mentionCases,
    ...knownCases,
    ...holdCases,
    ...runCases,
    ...decisionCases,
    ...expandCases,
    ...userCases,
    ...userListCases,
    ...environmentCases,
    ...(merge ? [...mergeCases, ...mergedHoldCases] : []),
    ...(markDeleted ? erasureCases : []),
    ...(updateVisitors ? visitorCases : []),
    ...groupCases,
    ...overrideCases,
    ...auditCases,
  ];
  return toConformanceCases(checks, make);
}
