import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { createDigestComparison } from "../core/digest-comparison.js";
import { BellwireError } from "../core/errors.js";
import { firstArrayElement, soleMember } from "./json-scanner.js";

/**
 * - `valid` with `covers: "all"`: nothing in the body can have been changed
 * - `valid` with `covers: "first"`: only element 0 of the batch is vouched for; anyone may have added the others
 */
export type SignatureVerdict =
  | { readonly status: "valid"; readonly covers: "all" | "first" }
  | { readonly status: "missing" }
  | { readonly status: "invalid"; readonly message: string };

export interface SignatureVerifier {
  /** @param header the value of `x-signature`, or all its values */
  verify(rawBody: Uint8Array, header: string | readonly string[] | null | undefined): SignatureVerdict;
}

/**
 * Verifies the `x-signature` header of Segment's Webhooks destinations: hex HMAC-SHA1 of the raw body or, for a batch, of the
 * exact bytes of its element 0. A signature of the whole batch is accepted too.
 *
 * @param secrets every one of them is accepted; several while one is being rotated
 * @throws `CONFIG_INVALID` for an empty secret or an empty list
 */
export function createSignatureVerifier(secrets: readonly string[]): SignatureVerifier {
  if (secrets.length === 0 || secrets.some(isEmpty)) {
    const message = "sharedSecrets: needs at least one secret, and none may be empty: anyone could sign with it.";
    throw new BellwireError({ code: "CONFIG_INVALID", message });
  }
  const keys = secrets.map((secret) => createSecretKey(secret, "utf8"));
  const equals = createDigestComparison(hexDigits);
  return {
    verify(rawBody, header) {
      const given = typeof header === "string" ? [header] : (header ?? []);
      const [value] = given;
      if (value === undefined) return { status: "missing" };
      if (given.length > 1) return { status: "invalid", message: "There is more than one x-signature header." };
      if (!/^[0-9a-f]{40}$/i.test(value)) {
        return { status: "invalid", message: "The x-signature header is not 40 hexadecimal digits." };
      }
      const signature = value.toLowerCase();
      const isSigned = (bytes: Uint8Array) => matches(keys, bytes, (digest) => equals(digest, signature));
      if (isSigned(rawBody)) return { status: "valid", covers: "all" };
      const first = firstArrayElement(rawBody);
      if (first !== null && signsFirst(first.bytes, isSigned)) {
        return { status: "valid", covers: first.isOnly ? "all" : "first" };
      }
      return { status: "invalid", message: "The x-signature header does not match the body under any shared secret." };
    },
  };
}

/** Of SHA-1. */
const hexDigits = 40;

/** `undefined` is what an unset environment variable gives callers who do not check types. */
function isEmpty(secret: unknown): boolean {
  return typeof secret !== "string" || secret === "";
}

function signsFirst(first: Uint8Array, isSigned: (bytes: Uint8Array) => boolean): boolean {
  if (isSigned(first)) return true;
  // The Extensible Webhook wraps each element as {"json": …} after it was signed.
  const wrapped = soleMember(first, "json");
  return wrapped !== null && isSigned(wrapped);
}

function matches(keys: readonly KeyObject[], bytes: Uint8Array, isGiven: (digest: string) => boolean): boolean {
  let found = false;
  for (const key of keys) {
    // No early exit: how long it takes must not tell which secret is in use.
    if (isGiven(createHmac("sha1", key).update(bytes).digest("hex"))) found = true;
  }
  return found;
}

/**
 * Signs a body as Segment's webhook does, for tests and for sending payloads by hand.
 *
 * @param covers what the signature of a batch covers: as Segment does it, only element 0
 * @returns the value of `x-signature`
 */
export function signSegmentPayload(
  body: string | Uint8Array,
  secret: string,
  { covers = "first" }: { readonly covers?: "first" | "all" } = {},
): string {
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
  const signed = covers === "first" ? (firstArrayElement(bytes)?.bytes ?? bytes) : bytes;
  return createHmac("sha1", secret).update(signed).digest("hex");
}
