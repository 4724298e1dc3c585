/** One check of a conformance suite; run it with any test runner: `for (const c of cases) it(c.name, c.run)`. */
export interface ConformanceCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}
