import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import Router from "@koa/router";
import type { SegmentSource, WebhookOptions } from "bellwire";
import { segmentWebhook as expressWebhook } from "bellwire/express";
import { segmentWebhook as fastifyWebhook } from "bellwire/fastify";
import { segmentWebhook as fetchWebhook } from "bellwire/fetch";
import { segmentWebhook as koaWebhook } from "bellwire/koa";
import express from "express";
import express4 from "express4";
import fastify from "fastify";
import fastify4 from "fastify4";
import { Hono } from "hono";
import Koa from "koa";
import koa2 from "koa2";
import { listen, type RunningServer } from "./listen.js";

/** `url` is where the webhook is mounted: `<url>/<environment>/<token>`. */
type Start = (source: SegmentSource, options?: WebhookOptions) => Promise<RunningServer>;

const mount = "/webhooks/segment";
const serve = (server: Server) => listen(server, mount);

/** Every supported framework in every supported major version, started for real. */
export const frameworks: readonly (readonly [name: string, start: Start])[] = [
  [
    "express 5",
    (source, options) => {
      const app = express();
      app.all(`${mount}/:environment/:token`, expressWebhook(source, options));
      app.use(mount, expressWebhook(source, options));
      return serve(createServer(app));
    },
  ],
  [
    "express 4",
    (source, options) => {
      const app = (express4 as unknown as typeof express)();
      app.all(`${mount}/:environment/:token`, expressWebhook(source, options));
      app.use(mount, expressWebhook(source, options));
      return serve(createServer(app));
    },
  ],
  [
    "koa 3 with a router",
    (source, options) => {
      const router = new Router();
      router.all(`${mount}/:environment/:token`, koaWebhook(source, options));
      return serve(createServer(new Koa().use(router.routes()).use(koaWebhook(source, options)).callback()));
    },
  ],
  [
    "koa 2",
    (source, options) =>
      serve(createServer(new (koa2 as unknown as typeof Koa)().use(koaWebhook(source, options)).callback())),
  ],
  ["fastify 5", (source, options) => startFastify(fastify, source, options)],
  ["fastify 4", (source, options) => startFastify(fastify4 as unknown as typeof fastify, source, options)],
  [
    "hono",
    (source, options) => {
      const webhook = fetchWebhook(source, options);
      const app = new Hono();
      app.all(`${mount}/:environment/:token`, (c) => webhook(c.req.raw, { params: c.req.param() }));
      app.all(`${mount}/*`, (c) => webhook(c.req.raw));
      return serve(createServer(getRequestListener(app.fetch)));
    },
  ],
  [
    "a bare fetch handler",
    (source, options) => {
      const webhook = fetchWebhook(source, options);
      return serve(createServer(getRequestListener((request) => webhook(request))));
    },
  ],
];

async function startFastify(
  create: typeof fastify,
  source: SegmentSource,
  options?: WebhookOptions,
): Promise<RunningServer> {
  const app = create({ forceCloseConnections: true });
  await app.register(fastifyWebhook(source, options), { prefix: mount });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}${mount}`, close: () => app.close() };
}
