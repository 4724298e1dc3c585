import type { JsonObject } from "./json.js";

/**
 * Everything that can go wrong, as a closed list.
 *
 * - `CONFIG_*`: something is set up wrong, or a call names something that is not there.
 * - `PAYLOAD_*`: what arrived is not a Segment payload.
 * - `AUTH_*`: the request does not prove that it comes from the configured source.
 * - `ROUTE_UNKNOWN`, `METHOD_NOT_ALLOWED`: the request is none of the webhook's.
 * - `OVERLOADED`, `SOURCE_CLOSED`, `ABORTED`: the call was not carried out.
 * - `STORAGE_*`, `RUNNER_*`: a port failed.
 */
export const bellwireErrorCodes = [
  "CONFIG_INVALID",
  "CONFIG_AUTHENTICATION_MISSING",
  "CONFIG_ENVIRONMENT_UNKNOWN",
  "CONFIG_TRIGGER_INVALID",
  "CONFIG_TRIGGER_DUPLICATE",
  "CONFIG_TRIGGER_UNKNOWN",
  "CONFIG_PATH_INVALID",
  "CONFIG_BODY_ALREADY_PARSED",
  "PAYLOAD_EMPTY",
  "PAYLOAD_NOT_JSON",
  "PAYLOAD_NOT_EVENTS",
  "PAYLOAD_TOO_LARGE",
  "PAYLOAD_TOO_DEEP",
  "PAYLOAD_ENCODING_UNSUPPORTED",
  "PAYLOAD_TIMEOUT",
  "AUTH_CREDENTIALS_MISSING",
  "AUTH_CREDENTIALS_INVALID",
  "AUTH_SIGNATURE_MISSING",
  "AUTH_SIGNATURE_INVALID",
  "AUTH_SIGNATURE_PARTIAL",
  "ROUTE_UNKNOWN",
  "METHOD_NOT_ALLOWED",
  "OVERLOADED",
  "SOURCE_CLOSED",
  "ABORTED",
  "STORAGE_FAILED",
  "STORAGE_TIMEOUT",
  "STORAGE_MIGRATION_PENDING",
  "STORAGE_UNSUPPORTED",
  "RUNNER_PERMANENT",
  "RUNNER_RETRYABLE",
  "RUNNER_AMBIGUOUS",
] as const;
/** A closed list, in the README with what each means: narrows in a `switch`. */
export type BellwireErrorCode = (typeof bellwireErrorCodes)[number];

export interface BellwireErrorOptions {
  readonly code: BellwireErrorCode;
  /** What happened, the offending value (never personal data), and what to do. */
  readonly message: string;
  readonly details?: JsonObject;
  readonly cause?: unknown;
  /** Whether the same call may succeed later. @default false */
  readonly retryable?: boolean;
}

/** What an error says; of anything else that was thrown, its text. Never throws, whatever that is. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "something that has no text";
  }
}

/** Refuses a configuration. @param message names the option, says what it is and what it may be */
export function configInvalid(message: string): BellwireError {
  return new BellwireError({ code: "CONFIG_INVALID", message });
}

const brand = Symbol.for("bellwire.error");

/** The only error class this library throws. Test for it with `BellwireError.is`: `instanceof` fails across module copies. */
export class BellwireError extends Error {
  override readonly name = "BellwireError";
  readonly code: BellwireErrorCode;
  /** JSON-safe facts about the failure; ids and reasons, never payloads. */
  readonly details: JsonObject;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(options: BellwireErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.details = options.details ?? {};
    this.retryable = options.retryable ?? false;
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for a `BellwireError` of any copy of this library (ESM and CommonJS may both be loaded). */
  static is(error: unknown): error is BellwireError {
    return typeof error === "object" && error !== null && Reflect.get(error, brand) === true;
  }
}
