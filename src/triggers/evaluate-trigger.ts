import { isJsonObject, type JsonObject, type JsonValue, withoutUnsafeKeys } from "../core/json.js";
import { literalHint } from "../mapping/literal-hint.js";
import type { UnresolvedPath } from "../mapping/mapping-value.js";
import type { OutcomeDetail } from "../outcome/outcome.js";
import type { Recipient } from "../recipients/recipient.js";
import { recipientKey } from "../recipients/recipient-key.js";
import { resolveActor, resolveRecipients, resolveTenant } from "../recipients/resolve-recipients.js";
import type { ReceivedEvent } from "../segment/event.js";
import { kindOf } from "../segment/kind-of.js";
import { checkData } from "./check-data.js";
import { checkPreconditions } from "./check-preconditions.js";
import type { CompiledTrigger } from "./compile-trigger.js";
import { FieldFailure, type FieldResolver } from "./field-resolver.js";
import { mayQuote, type ToShown } from "./host-words.js";
import type { TriggerEvaluation, TriggerMatch, TriggerMiss } from "./trigger-evaluation.js";

/**
 * Evaluates one trigger on one event; pure, and never throws.
 *
 * @param now milliseconds, for `maxEventAge`
 * @param toShown what may be kept of an event, for explanations
 */
export function evaluateTrigger(
  trigger: CompiledTrigger,
  received: ReceivedEvent,
  now: number,
  toShown: ToShown = (event) => event,
): TriggerEvaluation {
  const checked = checkPreconditions(trigger, received, now, toShown);
  if ("status" in checked) return checked;
  try {
    return resolveFields(trigger, checked.event);
  } catch (error) {
    if (!(error instanceof FieldFailure)) throw error;
    const { reason, field } = error;
    const { message, facts } = error.describe(mayQuote(checked.event, toShown));
    const detail = { message, field, ...(facts && { facts }) };
    return { status: "failed", reason, detail, stage: "fields", event: checked.event };
  }
}

function resolveFields(trigger: CompiledTrigger, event: JsonObject): TriggerEvaluation {
  const missing: UnresolvedPath[] = [];
  const notes: OutcomeDetail[] = [];

  const actorValue = resolve(trigger.actor, event, missing);
  const { actor, message: actorMessage } = resolveActor(actorValue ?? null);
  if (actorMessage !== null) notes.push({ message: actorMessage, field: "actor" });

  const people = resolvePeople(trigger, event, actor);
  if ("status" in people) return people;

  const { tenant, message: tenantMessage } = resolveTenant(resolve(trigger.tenant, event, missing) ?? null);
  if (tenantMessage !== null) notes.push({ message: tenantMessage, field: "tenant" });

  const data = trigger.data === null ? defaultData(event) : resolve(trigger.data, event, missing);
  const given = withoutUnsafeKeys(data ?? {});
  if (!isJsonObject(given)) {
    const message = `data resolved to ${kindOf(given)}; it must be an object.`;
    throw new FieldFailure("mapping_invalid", "data", () => ({ message }));
  }
  const cancellationKey = toCancellationKey(resolve(trigger.cancellationKey, event, missing));
  for (const path of missing) notes.push(describeUnresolved(path));
  if (trigger.action === "cancel" && cancellationKey === null) {
    const detail = notes.find((note) => note.field === "cancellationKey");
    const message = "The cancellation key resolved to nothing, so nothing can be canceled.";
    return {
      status: "skipped",
      reason: "no_cancellation_key",
      detail: detail ?? { message, field: "cancellationKey" },
      stage: "fields",
      event,
    };
  }
  const checked =
    trigger.dataSchema === null || trigger.action === "cancel" ? given : checkData(trigger.dataSchema, given);
  const { recipients, rejected } = people;
  return {
    status: "matched",
    stage: "fields",
    event,
    recipients,
    rejected,
    actor,
    tenant,
    data: checked,
    cancellationKey,
    unresolved: notes,
  };
}

function resolve(resolver: FieldResolver | null, event: JsonObject, missing: UnresolvedPath[]): JsonValue | undefined {
  return resolver === null ? undefined : resolver.resolve(event, missing);
}

function resolvePeople(
  trigger: CompiledTrigger,
  event: JsonObject,
  actor: Recipient | null,
): Pick<TriggerMatch, "recipients" | "rejected"> | TriggerMiss {
  if (trigger.recipients === null) return { recipients: [], rejected: [] };
  const missing: UnresolvedPath[] = [];
  const value = trigger.recipients.resolve(event, missing);
  const exclude = trigger.excludeActor && actor !== null ? recipientKey(actor) : null;
  const { recipients, rejected } = resolveRecipients(value, { exclude });
  if (recipients.length > 0) return { recipients, rejected };
  const [path] = missing;
  if (path !== undefined && rejected.length === 0) {
    return { status: "skipped", reason: "path_unresolved", detail: describeUnresolved(path), stage: "fields", event };
  }
  const message = rejected[0]?.message ?? "The recipients resolved to nobody.";
  const detail = { message, field: "recipients" };
  return { status: "skipped", reason: "no_recipients", detail, rejected, stage: "fields", event };
}

/** What the event is about: `properties`, or the traits of an identify or group. */
function defaultData(event: JsonObject): JsonObject {
  const isAboutTraits = event["type"] === "identify" || event["type"] === "group";
  const data = isAboutTraits ? event["traits"] : event["properties"];
  return isJsonObject(data) ? data : {};
}

function toCancellationKey(value: JsonValue | undefined): string | null {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return value === "" ? null : value;
  if (value === undefined || value === null) return null;
  const message = `cancellationKey resolved to ${kindOf(value)}; it must be a text or a number.`;
  throw new FieldFailure("mapping_invalid", "cancellationKey", () => ({ message }));
}

function describeUnresolved({ field, path, reached, nearest }: UnresolvedPath): OutcomeDetail {
  const where = reached === "" ? "its first step does not exist" : `it exists up to ${JSON.stringify(reached)}`;
  const hint = nearest === null ? literalHint(path) : `; did you mean ${JSON.stringify(nearest)}?`;
  const message = `${field}: the path ${JSON.stringify(path)} leads nowhere in this event: ${where}${hint}`;
  return { message, field, path, reached, ...(nearest !== null && { nearest }) };
}
