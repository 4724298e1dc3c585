import type { BellwireErrorCode } from "../core/errors.js";

/**
 * The HTTP status for an error. Segment repeats a delivery on 503 for about four hours and drops it for good on a 4xx, so a 4xx is
 * only for what can never succeed and is not our fault.
 */
export function statusOf(code: BellwireErrorCode): number {
  switch (code) {
    case "PAYLOAD_EMPTY":
    case "PAYLOAD_NOT_JSON":
    case "PAYLOAD_NOT_EVENTS":
    case "PAYLOAD_TOO_DEEP":
    case "PAYLOAD_ENCODING_UNSUPPORTED":
      return 400;
    case "AUTH_CREDENTIALS_MISSING":
    case "AUTH_CREDENTIALS_INVALID":
    case "AUTH_SIGNATURE_MISSING":
    case "AUTH_SIGNATURE_INVALID":
    case "AUTH_SIGNATURE_PARTIAL":
      return 401;
    case "ROUTE_UNKNOWN":
    case "CONFIG_ENVIRONMENT_UNKNOWN":
      return 404;
    case "METHOD_NOT_ALLOWED":
      return 405;
    case "PAYLOAD_TOO_LARGE":
      return 413;
    case "CONFIG_INVALID":
    case "CONFIG_AUTHENTICATION_MISSING":
    case "CONFIG_TRIGGER_INVALID":
    case "CONFIG_TRIGGER_DUPLICATE":
    case "CONFIG_TRIGGER_UNKNOWN":
    case "CONFIG_PATH_INVALID":
    case "CONFIG_BODY_ALREADY_PARSED":
    case "PAYLOAD_TIMEOUT":
    case "OVERLOADED":
    case "SOURCE_CLOSED":
    case "ABORTED":
    case "STORAGE_FAILED":
    case "STORAGE_TIMEOUT":
    case "STORAGE_MIGRATION_PENDING":
    case "STORAGE_UNSUPPORTED":
    case "RUNNER_PERMANENT":
    case "RUNNER_RETRYABLE":
    case "RUNNER_AMBIGUOUS":
      return 503;
  }
}
