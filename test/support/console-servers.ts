import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { SegmentSource } from "bellwire";
import type { Console } from "bellwire/console";
import { consoleHandler as expressConsole, segmentWebhook as expressWebhook } from "bellwire/express";
import { consoleHandler as fastifyConsole, segmentWebhook as fastifyWebhook } from "bellwire/fastify";
import { segmentWebhook as fetchWebhook } from "bellwire/fetch";
import { consoleHandler as koaConsole, segmentWebhook as koaWebhook } from "bellwire/koa";
import express from "express";
import express4 from "express4";
import fastify from "fastify";
import fastify4 from "fastify4";
import Koa from "koa";
import bodyParser from "koa-bodyparser";
import koa2 from "koa2";
import { listen, type RunningServer } from "./listen.js";

/** `url` is that of the whole server; the console is below `/bellwire`. */
type Start = (source: SegmentSource, console: Console) => Promise<RunningServer>;

const webhooks = "/webhooks/segment";

/** The console beside a webhook in every supported framework, as a host would have them: with body parsers, and with pages of its own. */
export const consoleServers: readonly (readonly [name: string, start: Start])[] = [
  ["express 5", (source, console) => listen(createServer(mountExpress(express, source, console)))],
  [
    "express 4",
    (source, console) => listen(createServer(mountExpress(express4 as unknown as typeof express, source, console))),
  ],
  ["koa 3", (source, console) => listen(createServer(mountKoa(Koa, source, console).callback()))],
  [
    "koa 2",
    (source, console) => listen(createServer(mountKoa(koa2 as unknown as typeof Koa, source, console).callback())),
  ],
  ["fastify 5", (source, console) => startFastify(fastify, source, console)],
  ["fastify 4", (source, console) => startFastify(fastify4 as unknown as typeof fastify, source, console)],
  [
    "fetch",
    (source, console) => {
      const webhook = fetchWebhook(source);
      return listen(
        createServer(
          getRequestListener((request) => {
            const { pathname } = new URL(request.url);
            if (pathname.startsWith(webhooks)) return webhook(request);
            return pathname === "/" ? new Response("home") : console.fetch(request);
          }),
        ),
      );
    },
  ],
];

function mountExpress(create: typeof express, source: SegmentSource, console: Console) {
  const app = create();
  app.use(webhooks, expressWebhook(source));
  app.use(express.json());
  app.use(expressConsole(console));
  app.get("/", (_request, response) => void response.send("home"));
  return app;
}

function mountKoa(create: typeof Koa, source: SegmentSource, console: Console) {
  const app = new create();
  const webhook = koaWebhook(source);
  app.use(async (context, next) => (context.path.startsWith(webhooks) ? webhook(context) : next()));
  app.use(bodyParser());
  app.use(koaConsole(console));
  app.use((context) => {
    if (context.path === "/") context.body = "home";
  });
  return app;
}

async function startFastify(create: typeof fastify, source: SegmentSource, console: Console): Promise<RunningServer> {
  const app = create({ forceCloseConnections: true });
  await app.register(fastifyWebhook(source), { prefix: webhooks });
  await app.register(fastifyConsole(console));
  app.get("/", async () => "home");
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => app.close() };
}
