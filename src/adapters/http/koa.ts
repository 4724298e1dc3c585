import { type MountedApp, requireMountedApp } from "../../http/mounted-app.js";
import { createWebhookHandler } from "../../http/webhook-handler.js";
import type { WebhookOptions } from "../../http/webhook-options.js";
import type { SegmentSource } from "../../source/segment-source.js";
import { isBelow, type NodeStreamResponse, toFetchRequest, untilClosed, writeFetchResponse } from "./node-fetch.js";
import { type NodeRequest, nodeBody } from "./node-request.js";

export type { MountedApp, NodeRequest, NodeStreamResponse };

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
 * Without a router it answers every request, since any path may be that of the webhook; with the option `basePath` only those below it,
 * and leaves every other path to the rest of the app: `app.use(segmentWebhook(source, { basePath: "/webhooks/segment" }))`.
 *
 * @throws `CONFIG_AUTHENTICATION_MISSING`
 */
export function segmentWebhook(
  source: SegmentSource,
  options?: WebhookOptions,
): (context: KoaContext, next?: () => Promise<unknown>) => Promise<void> {
  const handle = createWebhookHandler(source, options);
  const basePath = options?.basePath?.replace(/\/+$/, "");
  return async (context, next) => {
    if (next !== undefined && basePath !== undefined && !isBelow(basePath, context.path)) {
      await next();
      return;
    }
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

/** The part of a Koa context (2 and 3) that a console needs. */
export interface KoaConsoleContext {
  readonly path: string;
  readonly originalUrl: string;
  readonly req: NodeRequest;
  readonly request: object;
  readonly res: NodeStreamResponse;
  respond?: boolean | undefined;
}

/**
 * A console as a Koa middleware: `app.use(consoleHandler(createConsole({ … })))`. It answers below its `basePath` and leaves every
 * other path to the rest of the app.
 *
 * @throws `CONFIG_INVALID`
 */
export function consoleHandler<Context extends KoaConsoleContext>(
  app: MountedApp<Context>,
): (context: Context, next: () => Promise<unknown>) => Promise<void> {
  requireMountedApp(app);
  return async (context, next) => {
    if (!isBelow(app.basePath, context.path)) {
      await next();
      return;
    }
    const signal = untilClosed(context.res);
    const parsed: unknown = Reflect.get(context.request, "body");
    const request = toFetchRequest(context.req, { url: context.originalUrl, parsed, signal });
    const answer = await app.fetch(request, context);
    // Koa would end the answer when this returns, and a live stream has only begun.
    context.respond = false;
    await writeFetchResponse(answer, context.res);
  };
}
