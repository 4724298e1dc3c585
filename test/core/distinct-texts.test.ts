import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { areDistinct } from "../../src/core/distinct-texts.js";

const isEachOnce = (texts: readonly string[]) => new Set(texts).size === texts.length;

describe("areDistinct", () => {
  it("says what a Set says, of lists with and without repetitions", () => {
    const texts = fc.array(fc.string({ unit: "binary", maxLength: 4 }), { maxLength: 100, size: "max" });
    const lists = fc.tuple(texts, texts, fc.boolean()).map(([some, more, isRepeating]) => {
      const distinct = [...new Set([...some, ...more])];
      return isRepeating ? [...distinct, ...some.slice(0, 1)] : distinct;
    });
    fc.assert(
      fc.property(lists, (list) => {
        expect(areDistinct(list)).toBe(isEachOnce(list));
      }),
    );
  });

  it.each([0, 1, 8, 9, 10_000, 70_000])("finds the one that stands twice among %i more, wherever it is", (count) => {
    const texts = Array.from({ length: count }, (_, index) => `user-${index}`);
    expect(areDistinct([...texts, "ada"])).toBe(true);
    for (const place of [0, count >> 1, count]) {
      expect(areDistinct(["ada", ...texts.slice(0, place), "ada", ...texts.slice(place)])).toBe(false);
    }
  });

  it("is right about texts that somebody chose to meet in an index", () => {
    const chosen = textsThatMeet(2_000);
    expect(areDistinct(chosen)).toBe(true);
    expect(areDistinct([...chosen, chosen[1_999]!])).toBe(false);
  });
});

/** Of FNV-1a folded to 16 bits they have all the same last twelve, those that choose the slot in a table of this size. */
function textsThatMeet(count: number): string[] {
  const texts: string[] = [];
  for (let number = 0; texts.length < count; number += 1) {
    const text = number.toString(36);
    let hash = 0x811c9dc5;
    for (const unit of text) hash = Math.imul(hash ^ unit.charCodeAt(0), 0x01000193);
    if (((hash ^ (hash >>> 15)) & 0xfff) === 0) texts.push(text);
  }
  return texts;
}
