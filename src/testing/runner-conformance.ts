import { type ConformanceCase, toConformanceCases } from "./conformance-case.js";
import { failureCases } from "./runner-failure-cases.js";
import { powerCases } from "./runner-power-cases.js";
import { startingCases } from "./runner-starting-cases.js";
import type { RunnerPowers, RunnerUnderTest } from "./runner-under-test.js";

/** Checks that a `WorkflowRunner` does what the port says; run each case with any test runner. */
export function runnerConformance(
  make: () => Promise<RunnerUnderTest> | RunnerUnderTest,
  powers: RunnerPowers = {},
): readonly ConformanceCase[] {
  const checks = [...startingCases(powers), ...failureCases(powers), ...powerCases(powers)];
  return toConformanceCases(checks, make);
}
