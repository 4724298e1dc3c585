/** One check of a conformance suite; run it with any test runner: `for (const c of cases) it(c.name, c.run)`. */
export interface ConformanceCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** Cases from checks: each gets a thing under test of its own, which is disposed of however the check ends. */
export function toConformanceCases<UnderTest extends { readonly dispose: () => Promise<void> | void }>(
  checks: readonly (readonly [name: string, check: (underTest: UnderTest) => Promise<void>])[],
  make: () => Promise<UnderTest> | UnderTest,
): readonly ConformanceCase[] {
  return checks.map(([name, check]) => ({
    name,
    run: async () => {
      const underTest = await make();
      try {
        await check(underTest);
      } finally {
        await underTest.dispose();
      }
    },
  }));
}
