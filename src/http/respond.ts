import type { BellwireError, BellwireErrorCode } from "../core/errors.js";
import type { EventStatus, PayloadResult, TriggerOutcome } from "../outcome/outcome.js";
import { statusOf } from "./status.js";
import type { WebhookResponse } from "./webhook-request.js";

const retryAfterSeconds = 5;
const maxListed = 100;

/** Segment reads only the status; the body is for people with curl, and for SDKs that want to see JSON. */
export function respondToResult({ events, retryable }: PayloadResult): WebhookResponse {
  const counts: Partial<Record<EventStatus, number>> = {};
  for (const { status } of events) counts[status] = (counts[status] ?? 0) + 1;
  const listed = events.slice(0, maxListed).map(({ messageId, status, reason, triggers }) => ({
    messageId,
    status,
    // Members that are undefined do not become JSON.
    reason,
    triggers: triggers.length > 0 ? triggers.map(listTrigger) : undefined,
  }));
  const body = { success: !retryable, received: events.length, counts, events: listed };
  return json(retryable ? 503 : 200, body);
}

function listTrigger({ trigger, status, reason }: TriggerOutcome) {
  return { trigger, status, reason };
}

export function respondToError(error: BellwireError): WebhookResponse {
  const status = statusOf(error.code);
  const body: { success: false; code: BellwireErrorCode; message: string } = {
    success: false,
    code: error.code,
    message: error.message,
  };
  const allow = status === 405 ? { allow: "POST, PUT, PATCH" } : {};
  const { headers, ...response } = json(status, body);
  return { ...response, headers: { ...headers, ...allow } };
}

function json(status: number, body: object): WebhookResponse {
  const retryAfter = status === 503 ? { "retry-after": String(retryAfterSeconds) } : {};
  return { status, headers: { "content-type": "application/json", ...retryAfter }, body: JSON.stringify(body) };
}
