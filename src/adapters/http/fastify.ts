import { type MountedApp, requireMountedApp } from "../../http/mounted-app.js";
import { createWebhookHandler } from "../../http/webhook-handler.js";
import type { WebhookOptions } from "../../http/webhook-options.js";
import type { SegmentSource } from "../../source/segment-source.js";
import { type NodeStreamResponse, toFetchRequest, untilClosed, writeFetchResponse } from "./node-fetch.js";
import { type NodeRequest, nodeBody, pathOf } from "./node-request.js";

export type { MountedApp, NodeRequest, NodeStreamResponse };

/** The part of a Fastify instance (4 and 5) that is used. */
export interface FastifyInstance {
  readonly prefix?: string;
  addHook(name: "onRequest", hook: (request: FastifyRequest) => Promise<void>): unknown;
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    contentType: string,
    parser: (request: never, payload: never, done: (error: Error | null) => void) => void,
  ): unknown;
  route(options: {
    method: string[];
    url: string;
    bodyLimit: number;
    handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
  }): unknown;
}

export interface FastifyRequest {
  readonly raw: NodeRequest;
  readonly params?: unknown;
}

export interface FastifyReply {
  code(status: number): { headers(headers: Record<string, string>): { send(body: string): unknown } };
}

const fix = "Register the webhook as a plugin of its own; it brings its own body parser.";

/**
 * Segment's webhook as a Fastify plugin, which answers `<prefix>/<environment>/<token>` and Segment's SDK paths below the prefix:
 * `app.register(segmentWebhook(source), { prefix: "/webhooks/segment" })`. Parsers of the rest of the app do not reach into it.
 *
 * @throws `CONFIG_AUTHENTICATION_MISSING`
 */
export function segmentWebhook(
  source: SegmentSource,
  options?: WebhookOptions,
): (app: FastifyInstance) => Promise<void> {
  const handle = createWebhookHandler(source, options);
  return async (app) => {
    // Fastify answers 415 to a content type that it can not read, and Segment drops what is answered with a 4xx.
    app.addHook("onRequest", async ({ raw }) => {
      Reflect.set(raw.headers, "content-type", "application/octet-stream");
    });
    app.removeAllContentTypeParsers();
    // The handler reads the stream itself, under its own limits.
    app.addContentTypeParser("*", (_request, _payload, done) => done(null));
    // A prefix with parameters is no path.
    const basePath = /[:*]/.test(app.prefix ?? ":") ? undefined : app.prefix;
    const handler = async ({ raw, params }: FastifyRequest, reply: FastifyReply) => {
      const answer = await handle({
        method: raw.method ?? "",
        path: pathOf(raw.url),
        basePath,
        header: (name) => raw.headers[name],
        token: tokenOf(params),
        body: nodeBody(raw, undefined, fix),
      });
      return reply
        .code(answer.status)
        .headers({ ...answer.headers })
        .send(answer.body);
    };
    for (const url of ["/", "/*"]) {
      app.route({
        method: ["GET", "POST", "PUT", "PATCH", "DELETE"],
        url,
        bodyLimit: Number.MAX_SAFE_INTEGER,
        handler,
      });
    }
  };
}

/** Of a prefix such as `/hook/:token`; where there is none it is read from the path, as the environment is. */
function tokenOf(params: unknown): string | undefined {
  if (typeof params !== "object" || params === null || !("token" in params)) return undefined;
  return typeof params.token === "string" ? params.token : undefined;
}

/** The part of a Fastify instance (4 and 5) that a console needs. */
export interface FastifyConsoleInstance<Request> {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    contentType: string,
    parser: (request: never, payload: never, done: (error: Error | null) => void) => void,
  ): unknown;
  route(options: {
    method: string[];
    url: string;
    handler: (request: Request, reply: FastifyConsoleReply) => Promise<unknown>;
  }): unknown;
}

export interface FastifyConsoleReply {
  readonly raw: NodeStreamResponse;
  hijack(): unknown;
}

/**
 * A console as a Fastify plugin, without a prefix: `app.register(consoleHandler(createConsole({ … })))` answers below its `basePath`.
 * Hooks of the app run before it, so that `authorize` finds on the request what they put there.
 *
 * @throws `CONFIG_INVALID`
 */
export function consoleHandler<Request extends FastifyRequest>(
  console: MountedApp<Request>,
): (app: FastifyConsoleInstance<Request>) => Promise<void> {
  requireMountedApp(console);
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, _payload, done) => done(null));
    const handler = async (request: Request, reply: FastifyConsoleReply) => {
      const signal = untilClosed(reply.raw);
      const url = request.raw.url ?? "/";
      const asked = toFetchRequest(request.raw, { url, parsed: undefined, signal });
      // A live stream is written as it comes, which replies of Fastify 4 can not do with a web stream.
      reply.hijack();
      const answer = await console.fetch(asked, request);
      await writeFetchResponse(answer, reply.raw);
    };
    for (const url of [console.basePath || "/", `${console.basePath}/*`]) {
      app.route({ method: ["GET", "POST"], url, handler });
    }
  };
}
