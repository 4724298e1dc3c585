import { type ConformanceCase, toConformanceCases } from "./conformance-case.js";
import { eventCases } from "./storage-event-cases.js";
import type { StorageUnderTest } from "./storage-fixtures.js";
import { forgetCases } from "./storage-forget-cases.js";
import { holdCases } from "./storage-hold-cases.js";
import { overrideCases } from "./storage-override-cases.js";
import { runCases } from "./storage-run-cases.js";
import { userCases } from "./storage-user-cases.js";

/**
 * Checks that a `Storage` does what the port says, concurrent use included. Each case makes a storage of its own.
 *
 * @param make opens an empty, migrated storage
 */
export function storageConformance(
  make: () => Promise<StorageUnderTest> | StorageUnderTest,
): readonly ConformanceCase[] {
  const checks = [...eventCases, ...forgetCases, ...holdCases, ...runCases, ...userCases, ...overrideCases];
  return toConformanceCases(checks, make);
}
