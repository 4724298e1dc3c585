import { configInvalid } from "../../core/errors.js";
import { createWebhookHandler } from "../../http/webhook-handler.js";
import type { WebhookOptions } from "../../http/webhook-options.js";
import type { WebhookBody } from "../../http/webhook-request.js";
import type { SegmentSource } from "../../source/segment-source.js";

/** Route parameters as Next hands them on; with Hono: `{ params: c.req.param() }`. */
export interface FetchContext {
  readonly params?: FetchParams | Promise<FetchParams>;
}

export type FetchParams = Readonly<Record<string, string | readonly string[] | undefined>>;

const fix = "Hand the request on before anything reads its body, or a clone of it.";

/** What a framework with a context of its own calls its handlers with. */
const noRequest = "segmentWebhook: takes a Request. In Hono hand its own on: (c) => webhook(c.req.raw).";

/**
 * Segment's webhook as a function from `Request` to `Response`, for Next route handlers, Hono, Bun and Deno. Environment and token
 * come from `context.params` or from the end of the path. A source of one environment takes any path to be its own that names no
 * environment; with the option `basePath` only that one.
 *
 * @throws `CONFIG_AUTHENTICATION_MISSING`
 */
export function segmentWebhook(
  source: SegmentSource,
  options?: WebhookOptions,
): (request: Request, context?: FetchContext) => Promise<Response> {
  const handle = createWebhookHandler(source, options);
  return async (request, context) => {
    if (typeof request.url !== "string") throw configInvalid(noRequest);
    const params = (await context?.params) ?? {};
    const text = (name: string) => {
      const value = params[name];
      return typeof value === "string" ? value : undefined;
    };
    const { status, headers, body } = await handle({
      method: request.method,
      path: pathOf(request.url),
      header: (name) => request.headers.get(name) ?? undefined,
      environment: text("environment"),
      token: text("token"),
      body: bodyOf(request),
    });
    return new Response(body, { status, headers });
  };
}

/** Of an absolute URL as requests have it: normal already, so that it need not be parsed again. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start === -1) return "/";
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}

function bodyOf(request: Request): WebhookBody {
  if (request.bodyUsed) return { kind: "eaten", fix };
  // Where a server makes the web's Request of one of its own, the stream of its body is what costs most.
  if (Number(request.headers.get("content-length")) > 0) return { kind: "whole", read: () => request.arrayBuffer() };
  return request.body === null ? { kind: "bytes", bytes: new Uint8Array() } : { kind: "stream", chunks: request.body };
}
