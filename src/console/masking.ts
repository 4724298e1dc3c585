import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.js";
import type {
  EventOutcome,
  OutcomeDetail,
  RecipientOutcome,
  RunOutcome,
  TriggerOutcome,
  UserOutcome,
} from "../outcome/outcome.js";
import type { ConditionTrace, PathTrace, TriggerTrace } from "../outcome/trace.js";
import type { RecipientKey } from "../recipients/recipient.js";
import { mask } from "./protocol.js";

/** Members of an event that say nothing of a person. */
const plainMembers: ReadonlySet<string> = new Set([
  "type",
  "event",
  "messageId",
  "timestamp",
  "originalTimestamp",
  "sentAt",
  "receivedAt",
  "channel",
  "version",
]);
const idMembers: ReadonlySet<string> = new Set(["userId", "anonymousId", "groupId", "previousId"]);
const named: ReadonlySet<JsonValue | undefined> = new Set(["page", "screen"]);

/** Reasons whose message is made of names, paths and settings, and never quotes what an event holds. */
const quotingNothing: ReadonlySet<string | undefined> = new Set([
  "no_matching_trigger",
  "identify_disabled",
  "no_user_id",
  "trigger_inactive",
  "event_too_old",
  "path_unresolved",
  "not_identified",
  "no_recipients",
  "no_cancellation_key",
]);

/** In place of what a runner answered or threw. */
export const maskedError = 'The words of the runner are shown to the role "reveal".';

/** Ids are no personal data by themselves; mail addresses and telephone numbers that serve as ids are. */
export function maskId(id: string): string {
  return id.includes("@") || id.startsWith("+") ? mask : id;
}

/** Every text and number is masked; what kind of thing stands where remains to be seen. */
export function maskJson(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => maskJson(item));
  if (isJsonObject(value)) return mapMembers(value, (_, member) => maskJson(member));
  return typeof value === "boolean" || value === null ? value : mask;
}

export function maskPayload(payload: JsonValue): JsonValue {
  if (!isJsonObject(payload)) return maskJson(payload);
  return mapMembers(payload, (key, member) => {
    if (plainMembers.has(key)) return member;
    if (key === "name" && named.has(payload["type"])) return member;
    return idMembers.has(key) && typeof member === "string" ? maskId(member) : maskJson(member);
  });
}

export function maskOutcome(outcome: EventOutcome): EventOutcome {
  const { user, detail } = outcome;
  return {
    ...outcome,
    ...(detail !== undefined && { detail: maskDetail(outcome.reason, detail) }),
    ...(user !== undefined && { user: maskUser(user) }),
    triggers: outcome.triggers.map(maskTrigger),
  };
}

function maskUser(user: UserOutcome): UserOutcome {
  const { id, sync } = user;
  return { ...user, id: maskId(id), ...(sync !== undefined && { sync: maskRun(sync) }) };
}

function maskRun(run: RunOutcome): RunOutcome {
  return run.error === undefined ? run : { ...run, error: maskedError };
}

function maskTrigger(trigger: TriggerOutcome): TriggerOutcome {
  const { detail, unresolved, trace } = trigger;
  return {
    ...trigger,
    ...(detail !== undefined && { detail: maskDetail(trigger.reason, detail) }),
    ...(unresolved !== undefined && { unresolved: unresolved.map(maskNote) }),
    ...(trace !== undefined && { trace: maskTrace(trace) }),
    runs: trigger.runs.map(maskRun),
    recipients: trigger.recipients.map(({ message: _quoting, ...one }): RecipientOutcome => {
      return { ...one, recipient: maskRecipient(one.recipient) };
    }),
  };
}

/** What was asked for is the trigger's; what was found is the event's. */
function maskTrace(trace: TriggerTrace): TriggerTrace {
  const { condition, paths } = trace;
  return {
    ...trace,
    ...(condition !== undefined && { condition: maskCondition(condition) }),
    paths: paths.map((path): PathTrace => {
      return path.value === undefined ? path : { ...path, value: maskJson(path.value) };
    }),
  };
}

function maskCondition(trace: ConditionTrace): ConditionTrace {
  switch (trace.kind) {
    case "comparison":
      return trace.actual === undefined ? trace : { ...trace, actual: maskJson(trace.actual) };
    case "not":
      return { ...trace, part: maskCondition(trace.part) };
    case "function":
      return trace;
    default:
      return { ...trace, parts: trace.parts.map(maskCondition) };
  }
}

/** Of a field that came to nothing: a path is the trigger's own, anything else may quote the event. */
export function maskNote(note: OutcomeDetail): OutcomeDetail {
  return note.path === undefined ? maskDetail(undefined, note) : note;
}

export function maskRecipient(recipient: RecipientKey): RecipientKey {
  return typeof recipient === "string" ? maskId(recipient) : { ...recipient, id: maskId(recipient.id) };
}

/** Conditions keep what they ask for, which is the trigger's, and lose what the event holds. */
export function maskDetail(reason: string | undefined, detail: OutcomeDetail): OutcomeDetail {
  if (quotingNothing.has(reason)) return detail;
  const { facts, ...rest } = detail;
  const conditions = facts?.["conditions"];
  const message = 'What it says of the event is shown to the role "reveal".';
  if (!Array.isArray(conditions)) return { ...rest, message };
  return {
    ...rest,
    message,
    facts: {
      conditions: conditions.map((one: JsonValue) =>
        isJsonObject(one) ? { ...one, actual: maskJson(one["actual"] ?? null) } : one,
      ),
    },
  };
}

function mapMembers(object: JsonObject, map: (key: string, member: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, member]) => [key, map(key, member)]));
}
