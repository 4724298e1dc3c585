import { type MountedApp, requireMountedApp } from "../../http/mounted-app.js";
import { createWebhookHandler } from "../../http/webhook-handler.js";
import type { WebhookOptions } from "../../http/webhook-options.js";
import type { SegmentSource } from "../../source/segment-source.js";
import { isBelow, type NodeStreamResponse, toFetchRequest, untilClosed, writeFetchResponse } from "./node-fetch.js";
import { type NodeRequest, nodeBody, pathOf } from "./node-request.js";

export type { MountedApp, NodeRequest, NodeStreamResponse };

/** The part of an Express request (4 and 5) that is used. */
export interface ExpressRequest extends NodeRequest {
  readonly originalUrl?: string;
  readonly baseUrl?: string;
  readonly route?: unknown;
  /** Not optional, though it is read as if it were: up to TypeScript 5.4 a route's parameters are not inferred through an optional member. */
  readonly params: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

/** The part of an Express response (4 and 5) that is used. */
export interface ExpressResponse {
  readonly destroyed?: boolean;
  readonly headersSent?: boolean;
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

const fix =
  "Mount the webhook before express.json(), or keep the bytes: app.use(express.json({ limit: '5mb', verify: (req, _res, bytes) => { req.rawBody = bytes } })).";

/**
 * Segment's webhook as an Express handler:
 * `app.post("/webhooks/segment/:environment/:token", segmentWebhook(source))`. Mount it before `express.json()`.
 *
 * @throws `CONFIG_AUTHENTICATION_MISSING`
 */
export function segmentWebhook(
  source: SegmentSource,
  options?: WebhookOptions,
): (request: ExpressRequest, response: ExpressResponse) => Promise<void> {
  const handle = createWebhookHandler(source, options);
  return async (request, response) => {
    const { environment, token } = request.params ?? {};
    const kept =
      request.rawBody ??
      (request.body instanceof Uint8Array || typeof request.body === "string" ? request.body : undefined);
    const answer = await handle({
      method: request.method ?? "",
      path: pathOf(request.originalUrl ?? request.url),
      basePath: basePathOf(request),
      header: (name) => request.headers[name],
      environment: typeof environment === "string" ? environment : undefined,
      token: typeof token === "string" ? token : undefined,
      body: nodeBody(request, kept, fix),
    });
    // Gone, or answered meanwhile by a time limit of the host's.
    if (response.destroyed === true || response.headersSent === true) return;
    response.writeHead(answer.status, { "content-length": String(Buffer.byteLength(answer.body)), ...answer.headers });
    response.end(answer.body);
  };
}

/** Of what `app.use` mounted; a route's path is all its own. */
function basePathOf({ baseUrl, route }: ExpressRequest): string | undefined {
  return route === undefined && baseUrl !== undefined && baseUrl !== "" ? baseUrl : undefined;
}

/**
 * A console as an Express middleware: `app.use(consoleHandler(createConsole({ … })))`. It answers below its `basePath` and leaves
 * every other path to the rest of the app.
 *
 * @throws `CONFIG_INVALID`
 */
export function consoleHandler<Request extends ExpressRequest>(
  app: MountedApp<Request>,
): (request: Request, response: NodeStreamResponse, next: (error?: unknown) => void) => Promise<void> {
  requireMountedApp(app);
  return async (request, response, next) => {
    const url = request.originalUrl ?? request.url ?? "/";
    if (!isBelow(app.basePath, pathOf(url))) {
      next();
      return;
    }
    try {
      const signal = untilClosed(response);
      const answer = await app.fetch(toFetchRequest(request, { url, parsed: request.body, signal }), request);
      await writeFetchResponse(answer, response);
    } catch (error) {
      next(error);
    }
  };
}
