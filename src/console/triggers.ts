import { BellwireError } from "../core/errors.js";
import { isJsonObject, type JsonObject, type JsonValue, toPlainJson } from "../core/json.js";
import type { SegmentEventType } from "../segment/event.js";
import { compareTriggers } from "../source/compare-triggers.js";
import type { TriggerListing } from "../source/segment-source.js";
import { type CompiledTrigger, compileTrigger } from "../triggers/compile-trigger.js";
import type { TriggerDefinition } from "../triggers/trigger-definition.js";
import { type Call, type Endpoints, flagOf, textOf } from "./call.js";
import { maskId } from "./masking.js";
import { type ComparisonView, mask, type PreviewView, type TriggerView } from "./protocol.js";
import { ConsoleRefusal } from "./refusal.js";
import { previewRows } from "./trigger-preview.js";

export const triggerEndpoints: Endpoints = {
  "GET triggers": { role: "view", handle: listTriggers },
  "POST triggers/active": { role: "operate", handle: switchTrigger },
  "POST triggers/preview": { role: "operate", handle: preview },
  "POST triggers/compare": { role: "operate", handle: compare },
  "POST triggers/save": { role: "operate", handle: save },
  "POST triggers/remove": { role: "operate", handle: remove },
};

async function listTriggers({ source, environment, signal }: Call): Promise<readonly TriggerView[]> {
  const listings = await source.triggers.list({ environment, signal });
  return listings.map((listing) => toView(listing, environment));
}

function toView(listing: TriggerListing, environment: string): TriggerView {
  const { key, definition, origin, savedBy, savedAt, problem } = listing;
  const state = listing.environments[environment];
  const compiled = compiledOf(listing);
  return {
    key,
    workflow: compiled?.workflow ?? "",
    type: compiled?.type ?? "",
    name: compiled?.name ?? null,
    origin,
    savedBy,
    savedAt: savedAt?.toISOString() ?? null,
    problem,
    active: {
      on: state?.active ?? false,
      changedBy: state?.changedBy ?? null,
      changedAt: state?.changedAt?.toISOString() ?? null,
    },
    definition: toShown(definition),
  };
}

/** `null` for a stored one that takes no part: what is stored of it may be anything. */
export function compiledOf({ definition, problem }: TriggerListing): CompiledTrigger | null {
  return problem === null ? compileTrigger(definition) : null;
}

/** Code has no text: functions and schemas are named as what they are. */
function toShown(definition: TriggerDefinition): JsonObject {
  const shown: Record<string, JsonValue> = {};
  for (const [field, value] of Object.entries(definition)) {
    const json = typeof value === "function" ? "ƒ" : toPlainJson(value);
    if (json !== undefined) shown[field] = json;
  }
  const event: unknown = definition.event;
  const hasSchema = isJsonObject(event) && "schema" in event;
  return hasSchema ? { ...shown, event: `${String(event["name"])} (with a schema)` } : shown;
}

async function switchTrigger({ source, environment, input, user, signal }: Call): Promise<{ readonly ok: true }> {
  const key = textOf(input["key"], "key");
  const change = { environment, by: user.name, signal };
  if (flagOf(input["on"], "on")) await source.triggers.enable(key, change);
  else await source.triggers.disable(key, change);
  return { ok: true };
}

/**
 * The definition that was sent, checked by the rules of registration.
 * @throws `CONFIG_TRIGGER_INVALID`, `CONFIG_PATH_INVALID`
 */
function readDefinition(given: JsonValue | undefined): CompiledTrigger {
  if (isJsonObject(given) && isDefinition(given)) return compileTrigger(given);
  throw new ConsoleRefusal(400, "bad_request", "definition is missing.");
}

/** What is in it is checked by `compileTrigger`, member by member. */
function isDefinition(given: JsonObject): given is JsonObject & TriggerDefinition {
  return Object.keys(given).length > 0;
}

async function preview(call: Call): Promise<PreviewView> {
  try {
    const trigger = readDefinition(call.input["definition"]);
    return { problem: null, rows: await previewRows(call, trigger) };
  } catch (error) {
    if (!BellwireError.is(error) || !error.code.startsWith("CONFIG_")) throw error;
    const field = error.details["field"];
    return { problem: { message: error.message, field: typeof field === "string" ? field : null }, rows: [] };
  }
}

const comparedEvents = 1_000;
const shownDifferences = 100;

/** Who would have been notified of the newest events before and after, and of what. Whether the trigger is switched on is left out of it. */
async function compare(call: Call): Promise<ComparisonView> {
  const { source, environment, input, reveal, signal } = call;
  const proposed = activeCopy(readDefinition(input["definition"]).definition);
  const before = (await source.triggers.list({ environment, signal })).find(
    ({ key, problem }) => key === input["replaces"] && problem === null,
  );
  const { events, differences } = await compareTriggers({
    source,
    environment,
    signal,
    current: before === undefined ? [] : [activeCopy(before.definition)],
    proposed: [proposed],
    maxEvents: comparedEvents,
    ...filterOf([proposed, before?.definition ?? proposed]),
  });
  const show = (ids: readonly string[]) => (reveal ? ids : ids.map(maskId));
  return {
    events,
    changed: new Set(differences.map(({ messageId }) => messageId)).size,
    differences: differences.slice(0, shownDifferences).map(({ messageId, added, removed, changed }) => ({
      messageId,
      added: show(added),
      removed: show(removed),
      fields: changed.map(({ field }) => field),
    })),
  };
}

/** Under a key of its own, so that a switch of the stored one does not reach it. */
function activeCopy(definition: TriggerDefinition): TriggerDefinition {
  return { ...definition, key: `${definition.key} ${mask}`.slice(-256), active: true };
}

/** Only the events that either of them listens to need to be looked at, where that can be said in one filter. */
function filterOf(definitions: readonly TriggerDefinition[]): {
  readonly type?: SegmentEventType;
  readonly name?: string;
} {
  const [first, second = first] = definitions.map((definition) => compileTrigger(definition));
  if (first === undefined || second === undefined || first.type !== second.type) return {};
  return { type: first.type, ...(first.name !== null && first.name === second.name && { name: first.name }) };
}

async function save(call: Call): Promise<{ readonly ok: true }> {
  const { source, input, user, signal } = call;
  const { key, definition } = readDefinition(input["definition"]);
  if (input["savedAt"] !== undefined) await requireUnchanged(call, key, input["savedAt"]);
  await source.triggers.save(definition, { by: user.name, signal });
  return { ok: true };
}

/**
 * Whoever saves has seen what they replace.
 * @throws {ConsoleRefusal} 409
 */
async function requireUnchanged(call: Call, key: string, seenAt: JsonValue): Promise<void> {
  const { source, environment, signal } = call;
  const listings = await source.triggers.list({ environment, signal });
  const stored = listings.find((one) => one.key === key && one.origin === "stored");
  if ((stored?.savedAt?.toISOString() ?? null) === seenAt) return;
  const happened =
    stored === undefined
      ? "was removed"
      : `was ${seenAt === null ? "made" : "changed"} by ${stored.savedBy ?? "someone"}`;
  throw new ConsoleRefusal(
    409,
    "changed_meanwhile",
    `${key} ${happened} in the meantime. Copy what you have written, as JSON, and open the trigger anew.`,
  );
}

async function remove({ source, input, user, signal }: Call): Promise<{ readonly removed: boolean }> {
  return { removed: await source.triggers.remove(textOf(input["key"], "key"), { by: user.name, signal }) };
}
