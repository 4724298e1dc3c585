import { BellwireError } from "../core/errors.js";
import { firstArrayElement, memberOf, readString } from "../segment/json-scanner.js";
import { createSignatureVerifier } from "../segment/signature.js";
import type { EnvironmentCredentials } from "../source/source-options.js";
import { createSecretSet } from "./secret-set.js";
import type { WebhookRequest } from "./webhook-request.js";

/** Checks the requests of one environment. */
export interface Authenticator {
  /** What can be known before the body is read: token, header, and a write key in the authorization header. */
  checkHead(request: WebhookRequest, token: string | null): HeadVerdict;
  /** The rest, on the raw bytes. @throws `AUTH_*` */
  checkBody(request: WebhookRequest, body: Uint8Array, head: HeadVerdict): void;
  /** Whether it is one of the environment's write keys. */
  readonly ownsWriteKey: (writeKey: string) => boolean;
}

/**
 * - `authenticated`: nothing is left to prove
 * - `unproven`: what the body holds decides
 */
export type HeadVerdict =
  | { readonly status: "authenticated" }
  | { readonly status: "unproven"; readonly failure: BellwireError | null };

/** @returns `null` where no credentials are configured and nobody wrote `authentication: "none"` */
export function createAuthenticator(credentials: EnvironmentCredentials): Authenticator | null {
  const secrets = present(credentials.sharedSecrets);
  const writeKeys = present(credentials.writeKeys);
  const isToken = credentials.webhookToken === undefined ? null : createSecretSet([credentials.webhookToken]);
  const header =
    credentials.header?.value === undefined
      ? null
      : { name: credentials.header.name.toLowerCase(), isValue: createSecretSet([credentials.header.value]) };
  const verifier = secrets.length === 0 ? null : createSignatureVerifier(secrets);
  const hasFactors = isToken !== null || header !== null || verifier !== null;
  const isOpen = credentials.authentication === "none";
  if (!hasFactors && writeKeys.length === 0 && !isOpen) return null;

  const ownsWriteKey = createSecretSet(writeKeys);

  const checkFactors = (request: WebhookRequest, given: string | null): BellwireError | null => {
    if (isToken !== null) {
      if (given === null) return denied("AUTH_CREDENTIALS_MISSING", "The URL has no token.");
      if (!isToken(given)) return denied("AUTH_CREDENTIALS_INVALID", "The token in the URL is wrong.");
    }
    if (header === null) return null;
    const value = request.header(header.name);
    if (value === undefined) return denied("AUTH_CREDENTIALS_MISSING", `The header ${header.name} is missing.`);
    return typeof value === "string" && header.isValue(value)
      ? null
      : denied("AUTH_CREDENTIALS_INVALID", `The header ${header.name} is wrong.`);
  };

  const checkSignature = (request: WebhookRequest, body: Uint8Array): BellwireError | null => {
    if (verifier === null) return null;
    const verdict = verifier.verify(body, request.header("x-signature"));
    if (verdict.status === "missing") return unsigned(body);
    if (verdict.status === "invalid") return denied("AUTH_SIGNATURE_INVALID", verdict.message);
    return verdict.covers === "first" && isToken === null && header === null ? partiallySigned() : null;
  };

  return {
    ownsWriteKey,
    checkHead(request, given) {
      const writeKey = writeKeyOfHeader(request);
      if (writeKey !== null && ownsWriteKey(writeKey)) return { status: "authenticated" };
      if (isOpen && !hasFactors) return { status: "authenticated" };
      const failure = hasFactors
        ? checkFactors(request, given)
        : denied("AUTH_CREDENTIALS_MISSING", "There is no write key that this environment knows.");
      // Some SDKs send their write key only in the body.
      if (failure !== null && writeKeys.length === 0) throw failure;
      if (failure === null && verifier === null) return { status: "authenticated" };
      return { status: "unproven", failure };
    },
    checkBody(request, body, head) {
      if (head.status === "authenticated") return;
      const failure = head.failure ?? checkSignature(request, body);
      if (failure === null) return;
      const writeKey = writeKeys.length === 0 ? null : writeKeyOfBody(body);
      if (writeKey === null || !ownsWriteKey(writeKey)) throw failure;
    },
  };
}

function present(values: readonly (string | undefined)[] | undefined): readonly string[] {
  return (values ?? []).filter((value) => value !== undefined);
}

/** `Basic base64(writeKey:)`, as Segment's SDKs send it, or `Bearer writeKey`. */
export function writeKeyOfHeader(request: WebhookRequest): string | null {
  const authorization = request.header("authorization");
  if (typeof authorization !== "string") return null;
  const [scheme = "", value = ""] = authorization.trim().split(/\s+/);
  if (scheme.toLowerCase() === "bearer") return value === "" ? null : value;
  if (scheme.toLowerCase() !== "basic") return null;
  const [user = ""] = Buffer.from(value, "base64").toString("utf8").split(":");
  return user === "" ? null : user;
}

/**
 * That of the envelope or of the event, or else of the first event. Read without parsing the rest: the payload is parsed once, later,
 * and under its limits.
 */
function writeKeyOfBody(body: Uint8Array): string | null {
  const outer = memberOf(body, "writeKey");
  if (outer !== null) return readString(outer);
  const first = firstArrayElement(memberOf(body, "batch") ?? body);
  const inner = first === null ? null : memberOf(first.bytes, "writeKey");
  return inner === null ? null : readString(inner);
}

function unsigned(body: Uint8Array): BellwireError {
  return denied(
    "AUTH_SIGNATURE_MISSING",
    `The request has no x-signature header, and this environment has shared secrets. ${whyUnsigned(body)}`,
  );
}

/** Segment signs what its `data` mapping makes of the event, or of the first of a batch, and nothing where that is nothing. */
function whyUnsigned(body: Uint8Array): string {
  const fix = "the destination's `data` mapping resolved to nothing; map it to the whole event.";
  if (body.byteLength === 0) return `The body is empty: ${fix}`;
  const first = firstArrayElement(body);
  const isNull = first !== null && Buffer.from(first.bytes).toString("latin1") === "null";
  return isNull ? `The first element is null: ${fix}` : "Set the same shared secret in the destination's settings.";
}

function partiallySigned(): BellwireError {
  const message =
    "Segment signs only the first event of a batch, so anyone could have added the others. Configure a second factor beside " +
    "sharedSecrets (webhookToken in the URL, or header), or switch batching off in the destination.";
  return denied("AUTH_SIGNATURE_PARTIAL", message);
}

function denied(code: BellwireError["code"], message: string): BellwireError {
  return new BellwireError({ code, message });
}
