import { createHmac, createSecretKey, hash } from "node:crypto";
import { z } from "zod";
import { type SignedBody, secret } from "./events.js";
import { dataPaths, users } from "./sources.js";

/**
 * The least that does what the cases ask for, written by hand for nothing else: no limits, no explanations, no engine that fails, one
 * environment, its triggers known. What it takes beyond the floor is what a library can not be without; what ours takes beyond it is
 * ours to answer for.
 */
export interface PlannedByHand {
  readonly messageId: string;
  readonly type: string;
  readonly name: string;
  readonly userId: string | null;
  readonly anonymousId: string | null;
  readonly occurredAt: number;
  readonly receivedAt: number;
  readonly runs: readonly RunByHand[];
}

export interface RunByHand {
  readonly key: string;
  readonly trigger: string;
  readonly workflow: string;
  readonly recipients: readonly string[];
  readonly actor: unknown;
  readonly tenant: unknown;
  readonly data: Readonly<Record<string, unknown>>;
}

const ids = { messageId: z.string(), userId: z.string().nullish(), anonymousId: z.string().nullish() };
const schema = z.discriminatedUnion("type", [
  z.looseObject({ ...ids, type: z.literal("identify"), traits: z.looseObject({}).optional() }),
  z.looseObject({ ...ids, type: z.literal("track"), event: z.string(), timestamp: z.string() }),
]);

/** @param count triggers on "Comment Created" */
export function createPlanner(count: number): (item: unknown) => PlannedByHand {
  const triggers = Array.from({ length: count }, (_, index) => ({
    key: `comment-${index}`,
    hash: hash("sha256", `comment-${index}`).slice(0, 16),
    workflow: `new-comment-${index}`,
    isPrivate: compile("properties.private"),
    recipients: compile("properties.mentioned"),
    actor: compile("properties.commenter.id"),
    tenant: compile("context.groupId"),
    data: Object.entries(dataPaths).map(([name, path]) => [name, compile(path)] as const),
  }));
  const byName = new Map([["Comment Created", triggers]]);
  return (item) => {
    const event = schema.parse(item);
    if (event.type !== "track") throw new TypeError("by hand takes track events");
    const { messageId, event: name, userId = null, anonymousId = null } = event;
    const ofEvent = `bw_${hash("sha256", `["production","segment",${JSON.stringify(messageId)}]`).slice(0, 24)}`;
    const runs: RunByHand[] = [];
    for (const trigger of byName.get(name) ?? []) {
      if (trigger.isPrivate(event) === true) continue;
      const data: Record<string, unknown> = {};
      for (const [field, read] of trigger.data) data[field] = read(event);
      runs.push({
        key: ofEvent + trigger.hash,
        trigger: trigger.key,
        workflow: trigger.workflow,
        recipients: distinctIds(trigger.recipients(event)),
        actor: trigger.actor(event),
        tenant: trigger.tenant(event),
        data,
      });
    }
    const [occurredAt, receivedAt] = [Date.parse(event.timestamp), Date.now()];
    return { messageId, type: "track", name, userId, anonymousId, occurredAt, receivedAt, runs };
  };
}

function compile(path: string): (event: unknown) => unknown {
  const steps = path.split(".");
  return (event) => {
    let found = event;
    for (const step of steps) {
      if (typeof found !== "object" || found === null || !Object.hasOwn(found, step)) return undefined;
      found = (found as Record<string, unknown>)[step];
    }
    return found;
  };
}

function distinctIds(value: unknown): readonly string[] {
  const found = new Set<string>();
  for (const id of Array.isArray(value) ? value : [value]) if (typeof id === "string") found.add(id);
  return [...found];
}

/** As many as our storage in memory keeps. */
const kept = 10_000;

interface KeptByHand {
  readonly planned: PlannedByHand;
  readonly text: string;
  readonly decisions: readonly object[];
  readonly runs: readonly { status: string; attempts: number }[];
  status: string;
}

/** Verifies, plans, keeps and sends. @returns what is to be answered */
export function createByHand(count: number, known: readonly string[] = users): (body: SignedBody) => Promise<object> {
  const key = createSecretKey(secret, "utf8");
  const plan = createPlanner(count);
  const knownUsers = new Set(known);
  const events = new Map<string, KeptByHand>();
  const order: string[] = [];
  let oldest = 0;
  const keep = (messageId: string, event: KeptByHand) => {
    events.delete(order[oldest] ?? "");
    order[oldest] = messageId;
    oldest = (oldest + 1) % kept;
    events.set(messageId, event);
  };
  const trigger = async (_run: RunByHand) => undefined;
  const handleOne = async (item: unknown, text: string): Promise<object> => {
    const planned = plan(item);
    const { messageId } = planned;
    if (events.has(messageId)) return { messageId, status: "duplicate" };
    const decisions = planned.runs.map(({ trigger: of, key: run, recipients }) => ({
      trigger: of,
      run,
      unknown: recipients.filter((id) => !knownUsers.has(id)),
    }));
    const runs = planned.runs.map(() => ({ status: "pending", attempts: 0 }));
    const event: KeptByHand = { planned, text, decisions, runs, status: "in_progress" };
    keep(messageId, event);
    await Promise.all(
      planned.runs.map(async (run, index) => {
        await trigger(run);
        const state = runs[index]!;
        state.status = "triggered";
        state.attempts += 1;
      }),
    );
    event.status = "processed";
    return { messageId, status: event.status, triggers: decisions };
  };
  return async ({ bytes, signature }) => {
    if (createHmac("sha1", key).update(bytes).digest("hex") !== signature) throw new Error("not signed");
    const text = bytes.toString("utf8");
    const payload: unknown = JSON.parse(text);
    if (!Array.isArray(payload)) return { events: [await handleOne(payload, text)] };
    return { events: await Promise.all(payload.map((item) => handleOne(item, JSON.stringify(item)))) };
  };
}
