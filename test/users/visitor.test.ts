import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyStatement, linkVisitor, saidBy, unknownVisitor, type Visitor } from "../../src/users/visitor.js";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
type Step = (visitor: Visitor) => Visitor;
const say =
  (second: number, plan: string | number): Step =>
  (visitor) =>
    applyStatement(visitor, { anonymousId: "phone", at: at(second), attributes: { properties: { plan } } });
const signIn =
  (second: number, userId: string): Step =>
  (visitor) =>
    linkVisitor(visitor, userId, at(second).getTime());
const fold = (steps: readonly Step[]) => steps.reduce((visitor, step) => step(visitor), unknownVisitor);

describe("what was said under an anonymous id", () => {
  it("said again, it is kept once, and nothing has to be written", () => {
    const said = fold([say(1, "free"), say(2, "pro")]);
    expect(say(1, "free")(said)).toBe(said);
    expect(say(1, "pro")(said).said).toHaveLength(3);
  });

  it("of a sender who talks without end, the latest is kept", () => {
    const { said } = fold(Array.from({ length: 150 }, (_, second) => say(second, second)));
    expect(said.map(([saidAt]) => saidAt)).toEqual(
      Array.from({ length: 100 }, (_, index) => at(149 - index).getTime()),
    );
  });

  it("the law: neither order nor repetition matters to whose it is and what they have of it", () => {
    const second = fc.integer({ min: 0, max: 3 });
    const step = fc.oneof(
      fc.tuple(second, fc.constantFrom("free", "trial", "pro")).map((args) => say(...args)),
      fc.tuple(second, fc.constantFrom("ada", "bob")).map((args) => signIn(...args)),
    );
    const orders = fc.array(step, { maxLength: 8 }).chain((steps) => {
      const again = [...steps, ...steps];
      return fc.tuple(fc.constant(steps), fc.shuffledSubarray(again, { minLength: again.length }));
    });
    fc.assert(
      fc.property(orders, ([steps, shuffled]) => {
        const [one, other] = [fold(steps), fold(shuffled)];
        expect(other).toEqual(one);
        expect(saidBy(other)).toEqual(saidBy(one));
      }),
      { numRuns: 1_000 },
    );
  });
});
