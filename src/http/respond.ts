import type { BellwireError, BellwireErrorCode } from "../core/errors.js";
import type { EventReason, TriggerReason } from "../core/reasons.js";
import type { EventOutcome, EventStatus, PayloadResult, TriggerOutcome, TriggerStatus } from "../outcome/outcome.js";
import { statusOf } from "./status.js";
import type { WebhookResponse } from "./webhook-request.js";

const retryAfterSeconds = "5";
const maxListed = 100;

/** Segment reads only the status; the body is for people with curl, and for SDKs that want to see JSON. */
export function respondToResult({ events, retryable }: PayloadResult): WebhookResponse {
  const counts: Partial<Record<EventStatus, number>> = {};
  for (const { status } of events) counts[status] = (counts[status] ?? 0) + 1;
  const listed = events.slice(0, maxListed).map(listEvent).join(",");
  const body = `{"success":${!retryable},"received":${events.length},"counts":${JSON.stringify(counts)},"events":[${listed}]}`;
  return json(retryable ? 503 : 200, body);
}

/** Written by hand: to make objects of it all, and JSON of these, takes a quarter of the time of an event in memory. */
function listEvent({ messageId, status, reason, detail, triggers }: EventOutcome): string {
  const message = status === "invalid" && detail !== undefined ? `,"message":${JSON.stringify(detail.message)}` : "";
  const listed = triggers.length === 0 ? "" : `,"triggers":[${triggers.map(listTrigger).join(",")}]`;
  return `{"messageId":${JSON.stringify(messageId)},${writeVerdict(status, reason)}${message}${listed}}`;
}

function listTrigger({ trigger, status, reason }: TriggerOutcome): string {
  return `{"trigger":${JSON.stringify(trigger)},${writeVerdict(status, reason)}}`;
}

/** Words of the library, which need no escape. */
function writeVerdict(status: EventStatus | TriggerStatus, reason: EventReason | TriggerReason | undefined): string {
  return reason === undefined ? `"status":"${status}"` : `"status":"${status}","reason":"${reason}"`;
}

export function respondToError(error: BellwireError): WebhookResponse {
  const status = statusOf(error.code);
  const body: { success: false; code: BellwireErrorCode; message: string } = {
    success: false,
    code: error.code,
    message: error.message,
  };
  const allow = status === 405 ? { allow: "POST, PUT, PATCH" } : {};
  const { headers, ...response } = json(status, JSON.stringify(body));
  return { ...response, headers: { ...headers, ...allow } };
}

function json(status: number, body: string): WebhookResponse {
  const type = { "content-type": "application/json" };
  return { status, headers: status === 503 ? { ...type, "retry-after": retryAfterSeconds } : type, body };
}
