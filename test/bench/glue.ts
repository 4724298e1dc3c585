import { createHmac, timingSafeEqual } from "node:crypto";
import { EventEmitter } from "eventemitter3";
import { JSONPath } from "jsonpath-plus";
import { z } from "zod";
import type { SignedBody } from "./events.js";

/**
 * What a team writes without a library: verify, parse with zod, keep the message ids that were seen, look the recipients up, map with
 * JSONPath, trigger. Each step is an async function of its own, because each will talk to a database one day.
 */
export interface Glue {
  handle(body: SignedBody): Promise<void>;
}

export interface GlueTrigger {
  readonly event: string;
  readonly workflow: string;
  readonly recipients: string;
  readonly actor: string;
  readonly tenant: string;
  readonly data: Readonly<Record<string, string>>;
  readonly when: (properties: Record<string, unknown>) => boolean;
}

export interface GlueOptions {
  readonly secret: string;
  readonly triggers: readonly GlueTrigger[];
  readonly users: readonly string[];
  readonly trigger: (workflow: string, run: object) => Promise<void>;
}

const base = {
  messageId: z.string(),
  userId: z.string().nullish(),
  anonymousId: z.string().nullish(),
  timestamp: z.string(),
  context: z.record(z.string(), z.unknown()).optional(),
};
const schema = z.union([
  z.object({ ...base, type: z.literal("identify"), traits: z.record(z.string(), z.unknown()) }),
  z.object({
    ...base,
    type: z.literal("page"),
    name: z.string().nullish(),
    properties: z.record(z.string(), z.unknown()),
  }),
  z.object({ ...base, type: z.literal("group"), groupId: z.string(), traits: z.record(z.string(), z.unknown()) }),
  z.object({ ...base, type: z.literal("track"), event: z.string(), properties: z.record(z.string(), z.unknown()) }),
]);
type Event = z.infer<typeof schema>;

export function createGlue({ secret, triggers, users, trigger }: GlueOptions): Glue {
  const emitter = new EventEmitter();
  const seen = new Map<string, number>();
  const known = new Map(users.map((id) => [id, { id, email: `${id}@example.com` }]));

  const verify = async ({ bytes, signature }: SignedBody) => {
    const expected = createHmac("sha1", secret).update(bytes).digest("hex");
    if (!timingSafeEqual(Buffer.from(expected), Buffer.from(signature))) throw new Error("not signed");
  };
  const isNew = async (messageId: string) => {
    if (seen.has(messageId)) return false;
    seen.set(messageId, Date.now());
    if (seen.size > 10_000) seen.delete(seen.keys().next().value ?? "");
    return true;
  };
  const findUser = async (id: string) => known.get(id);
  const pick = async (event: Event, path: string): Promise<unknown> =>
    JSONPath({ path: `$.${path}`, json: event, wrap: false, eval: false });
  const run = async (event: Event, each: GlueTrigger) => {
    const ids: unknown = await pick(event, each.recipients);
    const recipients: object[] = [];
    for (const id of Array.isArray(ids) ? ids : [ids]) {
      const user = await findUser(String(id));
      if (user !== undefined) recipients.push(user);
    }
    const data: Record<string, unknown> = {};
    for (const [key, path] of Object.entries(each.data)) data[key] = await pick(event, path);
    const [actor, tenant] = [await pick(event, each.actor), await pick(event, each.tenant)];
    await trigger(each.workflow, { recipients, actor, tenant, data });
    emitter.emit("triggered", { workflow: each.workflow, messageId: event.messageId });
  };
  return {
    async handle(body) {
      await verify(body);
      const payload: unknown = JSON.parse(body.bytes.toString("utf8"));
      for (const item of Array.isArray(payload) ? payload : [payload]) {
        const event = await schema.parseAsync(item);
        if (!(await isNew(event.messageId))) continue;
        if (event.type === "identify") known.set(event.userId ?? "", { id: event.userId ?? "", email: "" });
        if (event.type !== "track") continue;
        for (const each of triggers) {
          if (each.event === event.event && each.when(event.properties)) await run(event, each);
        }
      }
    },
  };
}
