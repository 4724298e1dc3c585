import { timingSafeEqual } from "node:crypto";

/**
 * Compares hexadecimal digests of one length without an early exit: how long it takes does not tell how much of them is equal.
 * In text, because a digest as bytes of its own takes longer to make than all the rest of a comparison.
 */
export function createDigestComparison(digits: number): (left: string, right: string) => boolean {
  const [one, other] = [Buffer.alloc(digits), Buffer.alloc(digits)];
  return (left, right) => {
    one.write(left, "latin1");
    other.write(right, "latin1");
    return left.length === digits && right.length === digits && timingSafeEqual(one, other);
  };
}
