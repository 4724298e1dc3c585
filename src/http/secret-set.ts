import { hash } from "node:crypto";
import { createDigestComparison } from "../core/digest-comparison.js";

/** Of SHA-256. */
const hexDigits = 64;

/**
 * Tells whether what was given is one of these. Digests of them are compared, which have one length whatever they are of, so that how
 * long it takes tells nothing.
 */
export function createSecretSet(secrets: readonly string[]): (given: string) => boolean {
  const digests = secrets.map(digest);
  const equals = createDigestComparison(hexDigits);
  return (value) => {
    const given = digest(value);
    let found = false;
    for (const known of digests) {
      if (equals(known, given)) found = true;
    }
    return found;
  };
}

function digest(value: string): string {
  return hash("sha256", value);
}
