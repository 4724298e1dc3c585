import { BellwireError, type BellwireErrorCode } from "../core/errors.js";
import type { ErrorView } from "./protocol.js";
import { ConsoleRefusal } from "./refusal.js";

/** On every answer: nothing is framed, sniffed, referred to or shared with another origin. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

export function respondJson(body: unknown, status = 200): Response {
  const headers = { ...securityHeaders, "content-type": "application/json", "cache-control": "no-store" };
  return new Response(JSON.stringify(body), { status, headers });
}

/** @returns `null` for what is nobody's fault but ours */
export function respondToRefusal(error: unknown): Response | null {
  if (error instanceof ConsoleRefusal) return respondError(error.status, error.code, error.message);
  if (BellwireError.is(error)) return respondError(statusOf(error.code), error.code, error.message);
  return null;
}

export function respondError(status: number, code: string, message: string): Response {
  const body: ErrorView = { error: { code, message } };
  return respondJson(body, status);
}

/** Unlike a webhook's sender, a person at a browser is helped by 4xx where the request is at fault. */
function statusOf(code: BellwireErrorCode): number {
  if (code === "CONFIG_TRIGGER_UNKNOWN" || code === "CONFIG_ENVIRONMENT_UNKNOWN") return 404;
  if (code === "PAYLOAD_TOO_LARGE") return 413;
  if (code === "STORAGE_UNSUPPORTED") return 501;
  if (code.startsWith("CONFIG_") || code.startsWith("PAYLOAD_")) return 400;
  return 503;
}
