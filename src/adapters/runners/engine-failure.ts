import { BellwireError } from "../../core/errors.js";
import { type RunnerFailureKind, runnerError } from "../../runner/runner-error.js";

/** What an engine answered with, or how the way to it failed. */
export interface EngineAnswer {
  /** As it is written in messages: "Knock". */
  readonly engine: string;
  readonly status: number;
  /** The header's value. */
  readonly retryAfter?: string | null | undefined;
  /** The engine's own words; addresses and long numbers are taken out. */
  readonly message?: string | undefined;
  readonly cause?: unknown;
}

/** Nothing was sent when one of these ended the attempt. */
const neverSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/**
 * Reads what a vendor's client threw: an HTTP answer (`status` or `statusCode`, `headers`), or a failure on the way. A refused
 * connection is surely not done; a reset, a timeout and whatever cannot be read may have been.
 */
export function engineFailure(engine: string, error: unknown): BellwireError {
  if (BellwireError.is(error)) return error;
  const status = numberMember(error, "status") ?? numberMember(error, "statusCode");
  if (status !== null) {
    const headers = member(error, "headers");
    const retryAfter = headers instanceof Headers ? headers.get("retry-after") : null;
    return failureOfStatus({ engine, status, retryAfter, message: messageOf(error), cause: error });
  }
  const code = codeOf(error, 0);
  const why = code ?? safeText(messageOf(error));
  return code !== null && neverSent.has(code)
    ? runnerError("retryable", `${engine} could not be reached: ${why}.`, { cause: error })
    : runnerError("ambiguous", `The call to ${engine} ended without an answer: ${why}.`, { cause: error });
}

/**
 * The engine's id of a run.
 * @throws where an answer that counts as success has none: a proxy or a page to sign in on answered, and the engine may know nothing of it
 */
export function startedRun(engine: string, answer: unknown, idMember: string): { readonly workflowRunId: string } {
  const id = member(answer, idMember);
  if (typeof id === "string" && id !== "") return { workflowRunId: id };
  throw runnerError(
    "ambiguous",
    `The answer of ${engine} has no ${idMember}: something else may have answered for it.`,
  );
}

/** Of one request, its answer's body included, which the clients' own time limit does not cover. */
export function withinTime(signal: AbortSignal, timeoutMs: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
}

/** What the engine answers. @throws what `engineFailure` makes of the client's error */
export async function askEngine<Answer>(engine: string, ask: () => PromiseLike<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    throw engineFailure(engine, error);
  }
}

/** Classifies an HTTP answer that is not the one that was hoped for. */
export function failureOfStatus({ engine, status, retryAfter, message, cause }: EngineAnswer): BellwireError {
  const said = message === undefined || message === "" ? "" : `: ${safeText(message)}`;
  const retryAfterMs = parseRetryAfter(retryAfter ?? null);
  return runnerError(kindOf(status), `${engine} answered ${status}${said}`, {
    cause,
    ...(retryAfterMs !== null && { retryAfterMs }),
  });
}

function kindOf(status: number): RunnerFailureKind {
  if (status >= 200 && status < 300) return "ambiguous";
  switch (status) {
    // The key is wrong or has no right: nothing was done, and once it is mended the run can go.
    case 401:
    case 402:
    case 403:
    case 407:
    case 423:
    case 425:
    case 429:
    case 503:
      return "retryable";
    // Timed out, or the same key is being worked on.
    case 408:
    case 409:
      return "ambiguous";
    case 501:
    case 505:
      return "permanent";
    default:
      return status >= 500 ? "ambiguous" : "permanent";
  }
}

/** One request for each user; who is not there is gone already. */
export async function forgetEach(
  engine: string,
  userIds: readonly string[],
  forget: (userId: string) => PromiseLike<unknown>,
): Promise<void> {
  for (const userId of userIds) {
    try {
      await forget(userId);
    } catch (error) {
      const status = numberMember(error, "status") ?? numberMember(error, "statusCode");
      if (status !== 404) throw engineFailure(engine, error);
    }
  }
}

/** Seconds, or a date. */
export function parseRetryAfter(value: string | null): number | null {
  if (value === null || value.trim() === "") return null;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1_000;
  const at = /^[A-Z]/i.test(value.trim()) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

const maxTextLength = 200;

/** An engine may quote what it was sent; errors are stored and logged, and hold no personal data. */
export function safeText(text: string): string {
  return text
    .slice(0, 2_000)
    .replace(/[^\s@"'<>]{1,100}@[^\s@"'<>]{1,100}/g, "…@…")
    .replace(/\+?\d[\d ()-]{6,30}\d/g, "…")
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .slice(0, maxTextLength)
    .replace(/\.+$/, "");
}

function codeOf(error: unknown, depth: number): string | null {
  if (typeof error !== "object" || error === null || depth > 5) return null;
  const code = member(error, "code");
  if (typeof code === "string") return code;
  const errors = member(error, "errors");
  return codeOf(member(error, "cause") ?? (Array.isArray(errors) ? errors[0] : null), depth + 1);
}

function messageOf(error: unknown): string {
  const message = member(error, "message");
  return typeof message === "string" ? message : `rejected with ${typeof error}`;
}

function numberMember(value: unknown, name: string): number | null {
  const found = member(value, name);
  return typeof found === "number" ? found : null;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
