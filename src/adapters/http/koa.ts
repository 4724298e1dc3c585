import { createWebhookHandler } from "../../http/webhook-handler.js";
import type { WebhookOptions } from "../../http/webhook-options.js";
import type { SegmentSource } from "../../source/segment-source.js";
import { type NodeRequest, nodeBody } from "./node-request.js";

export type { NodeRequest };

/** The part of a Koa context (2 and 3) that is used. */
export interface KoaContext {
  readonly method: string;
  readonly path: string;
  readonly req: NodeRequest;
  readonly request: object;
  readonly params?: Readonly<Record<string, string | undefined>>;
  status: number;
  body: unknown;
  set(headers: Record<string, string>): void;
}

const fix = "Mount the webhook before the body parser; koa-bodyparser keeps the bytes by itself (ctx.request.rawBody).";

/**
 * Segment's webhook as a Koa middleware:
 * `router.post("/webhooks/segment/:environment/:token", segmentWebhook(source))`.
 *
 * @throws `CONFIG_AUTHENTICATION_MISSING`
 */
export function segmentWebhook(
  source: SegmentSource,
  options?: WebhookOptions,
): (context: KoaContext) => Promise<void> {
  const handle = createWebhookHandler(source, options);
  return async (context) => {
    const kept: unknown = Reflect.get(context.request, "rawBody");
    const answer = await handle({
      method: context.method,
      path: context.path,
      header: (name) => context.req.headers[name],
      environment: context.params?.["environment"],
      token: context.params?.["token"],
      body: nodeBody(context.req, kept, fix),
    });
    context.status = answer.status;
    context.set({ ...answer.headers });
    context.body = answer.body;
  };
}
