import type { JsonValue } from "../core/json.js";
import type { TriggerOutcome } from "../outcome/outcome.js";
import { recipientKey, recipientName } from "../recipients/recipient-key.js";
import { parseSegmentPayload } from "../segment/parse.js";
import type { RecordedEvent } from "../source/segment-source.js";
import { storedPayload } from "../storage/stored-payload.js";
import type { CompiledTrigger } from "../triggers/compile-trigger.js";
import { evaluateTrigger } from "../triggers/evaluate-trigger.js";
import type { TriggerDefinition } from "../triggers/trigger-definition.js";
import type { Call } from "./call.js";
import { maskDetail, maskJson, maskNote, maskRecipient } from "./masking.js";
import type { PreviewRow } from "./protocol.js";
import { shownId } from "./views.js";

const previewedEvents = 20;

/**
 * What a trigger would make of the newest events that it listens to. Who would be notified comes from the source's own pipeline, which
 * looks recipients up; the values of the run from the same pure evaluation that the pipeline uses.
 */
export async function previewRows(call: Call, trigger: CompiledTrigger): Promise<readonly PreviewRow[]> {
  const { source, environment, signal } = call;
  const { type, name } = trigger;
  const { items } = await source.events.list({
    environment,
    type,
    limit: previewedEvents,
    signal,
    ...(name !== null && { name }),
  });
  const kept = items.filter(({ record }) => record.payload !== null);
  // A key that nobody can have switched off; and one that is being written is on.
  const definition: TriggerDefinition = { ...trigger.definition, key: "\u0000preview", active: true };
  const payloads = kept.map(({ record }) => storedPayload(record));
  const { events } = await source.preview(payloads, { environment, triggers: [definition], signal });
  return kept.flatMap((recorded, index) => {
    const outcome = events[index]?.triggers[0];
    return outcome === undefined ? [] : [toRow(recorded, trigger, outcome, call.reveal)];
  });
}

function toRow(
  { record }: RecordedEvent,
  trigger: CompiledTrigger,
  outcome: TriggerOutcome,
  reveal: boolean,
): PreviewRow {
  const values = valuesOf(record.payload, record.receivedAt, trigger);
  const shown = (value: JsonValue) => (reveal ? value : maskJson(value));
  return {
    messageId: record.messageId,
    receivedAt: record.receivedAt.toISOString(),
    status: outcome.status,
    reason: outcome.reason ?? null,
    detail: outcome.detail === undefined ? null : reveal ? outcome.detail : maskDetail(outcome.reason, outcome.detail),
    notes: (outcome.unresolved ?? []).map((note) => (reveal ? note : maskNote(note))),
    recipients: outcome.recipients.map(({ recipient, status, reason }) => ({
      recipient: recipientName(reveal ? recipient : maskRecipient(recipient)),
      status,
      reason: reason ?? null,
    })),
    actor: values.actor === null ? null : shownId(values.actor, reveal),
    tenant: shown(values.tenant),
    data: shown(values.data),
  };
}

interface Values {
  readonly actor: string | null;
  readonly tenant: JsonValue;
  readonly data: JsonValue;
}

function valuesOf(payload: JsonValue, receivedAt: Date, trigger: CompiledTrigger): Values {
  const [parsed] = parseSegmentPayload(payload, { receivedAt });
  if (parsed?.ok !== true) return { actor: null, tenant: null, data: null };
  const made = evaluateTrigger(trigger, parsed.event, receivedAt.getTime());
  if (made.status !== "matched") return { actor: null, tenant: null, data: null };
  return {
    actor: made.actor === null ? null : recipientName(recipientKey(made.actor)),
    tenant: made.tenant,
    data: made.data,
  };
}
