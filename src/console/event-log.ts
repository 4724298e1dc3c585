import { randomUUID } from "node:crypto";
import type { Clock } from "../core/clock.js";
import { eventReasons } from "../core/reasons.js";
import { eventStatuses } from "../outcome/outcome.js";
import { segmentEventTypes } from "../segment/event.js";
import type { ListEventsOptions, RecordedEvent } from "../source/segment-source.js";
import { type Call, dateOf, type Endpoints, flagOf, limitOf, oneOf, optional, textOf } from "./call.js";
import { maskOutcome } from "./masking.js";
import type { EventPage, EventView, NameView, ReplayView } from "./protocol.js";
import { ConsoleRefusal } from "./refusal.js";
import { compiledOf } from "./triggers.js";
import { toEventRow, toEventView } from "./views.js";

const recordedStatuses = eventStatuses.filter((status) => status !== "duplicate");

export function createEventLogEndpoints(clock: Clock): Endpoints {
  return {
    "GET events": { role: "view", handle: (call) => listEvents(call, String(clock.now())) },
    "GET event": { role: "view", handle: getEvent },
    "GET names": { role: "view", handle: listNames },
    "POST replay": { role: "operate", handle: replay },
  };
}

async function listEvents({ source, environment, query, reveal, signal }: Call, position: string): Promise<EventPage> {
  const filter: ListEventsOptions = {
    environment,
    limit: limitOf(query, 100, 500),
    status: oneOf(query, "status", recordedStatuses),
    type: oneOf(query, "type", segmentEventTypes),
    name: optional(query, "name"),
    userId: optional(query, "userId"),
    receivedFrom: dateOf(query, "from"),
    receivedTo: dateOf(query, "to"),
    search: optional(query, "search"),
    reason: oneOf(query, "reason", eventReasons),
    cursor: optional(query, "cursor"),
    signal,
  };
  const { items, nextCursor } = await source.events.list(filter);
  return { rows: items.map((item) => toEventRow(item, reveal)), nextCursor, position };
}

async function getEvent(call: Call): Promise<EventView> {
  return toEventView(await findEvent(call, textOf(call.query.get("id"), "id")), call.reveal);
}

/** @throws {ConsoleRefusal} 404 */
async function findEvent({ source, environment, signal }: Call, messageId: string): Promise<RecordedEvent> {
  const found = await source.events.get(messageId, { environment, signal });
  if (found !== null) return found;
  throw new ConsoleRefusal(
    404,
    "not_found",
    "This event is not kept: it was never received here, or retention took it.",
  );
}

async function listNames({ source, environment, signal }: Call): Promise<readonly NameView[]> {
  const [names, listings] = await Promise.all([
    source.events.names({ environment, signal }),
    source.triggers.list({ environment, signal }),
  ]);
  const triggers = listings.map((listing) => ({
    listensTo: compiledOf(listing),
    key: listing.key,
    active: listing.environments[environment]?.active ?? false,
  }));
  return names.map(({ type, name, count, firstSeenAt, lastSeenAt }) => ({
    type,
    name,
    count,
    firstSeenAt: firstSeenAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
    triggers: triggers
      .filter(({ listensTo: to }) => to?.type === type && (to.name === null || to.name === name))
      .map(({ key, active }) => ({ key, active })),
  }));
}

/** One event again, under keys of its own. A dry run tells what would be sent, and is what the person sees before they say yes. */
async function replay({ source, environment, input, user, reveal }: Call): Promise<ReplayView> {
  const messageId = textOf(input["messageId"], "messageId");
  const dryRun = flagOf(input["dryRun"], "dryRun");
  const outcomes: ReplayView["outcome"][] = [];
  const result = await source.replay({
    environment,
    messageIds: [messageId],
    replayId: `console-${user.name}-${randomUUID()}`,
    dryRun,
    by: user.name,
    onProgress: ({ outcome }) => outcomes.push(outcome),
  });
  const outcome = outcomes[0] ?? null;
  return {
    outcome: outcome === null || reveal ? outcome : maskOutcome(outcome),
    duplicate: result.duplicates > 0,
    withoutPayload: result.withoutPayload > 0,
  };
}
