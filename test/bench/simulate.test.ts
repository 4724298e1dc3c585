import { describe, expect, it } from "vitest";
import { type Load, simulate } from "./simulate.js";

const service = { fixedMs: 2, eachMs: 0.5 };
const steady: Load = {
  perSecond: 1,
  burst: { factor: 1, burstMs: 1_000, everyMs: 10_000 },
  seconds: 600,
  seed: 7,
};

describe("the simulated queue", () => {
  it("answers whoever comes alone in the time of one", () => {
    const { p50, p99, over5s } = simulate(service, steady);
    expect([p50, p99, over5s]).toEqual([2.5, 2.5, 0]);
  });

  it("does together what waits, and so keeps up with far more than one at a time could", () => {
    // One at a time would do 400 a second; 64 together do 1,882.
    const { max } = simulate(service, { ...steady, perSecond: 1_500 });
    expect(max).toBeLessThan(200);
  });

  it("falls behind by what a burst brings above what can be done, as Segment would notice", () => {
    const burst = { factor: 10, burstMs: 10_000, everyMs: 200_000 };
    const { max, over5s } = simulate(service, { ...steady, perSecond: 1_000, burst });
    // 6,897 a second for ten seconds against 1,882: some 50,000 wait at its end, which takes 27 seconds.
    expect(max).toBeGreaterThan(20_000);
    expect(max).toBeLessThan(32_000);
    expect(over5s).toBeGreaterThan(0.1);
  });

  it("gives the same figures every time", () => {
    expect(simulate(service, steady)).toEqual(simulate(service, steady));
  });
});
