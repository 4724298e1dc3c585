import { createSecretKey } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { createSegmentSource, functionRunner, memoryStorage, type SegmentSource } from "bellwire";
import { segmentWebhook as expressWebhook } from "bellwire/express";
import { segmentWebhook as fastifyWebhook } from "bellwire/fastify";
import { segmentWebhook as fetchWebhook } from "bellwire/fetch";
import { segmentWebhook as koaWebhook } from "bellwire/koa";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import type { Framework } from "./cases/http.js";
import { hmacAndParse, secret } from "./events.js";
import { fourTriggers, users } from "./sources.js";

/** A server of one framework: with ours behind it, or with nothing but what no receiver can do without. */
const key = createSecretKey(secret, "utf8");
const answer = { success: true };
const verify = (bytes: Buffer, signature: unknown) => void hmacAndParse({ bytes, signature: String(signature) }, key);

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const servers: Readonly<Record<Framework, (source: SegmentSource | null) => Promise<Server>>> = {
  express: async (source) => {
    const app = express();
    if (source !== null) app.post("/:environment/:token", expressWebhook(source));
    else
      app.post("/:environment/:token", express.raw({ type: "*/*", limit: "5mb" }), (request, response) => {
        verify(request.body, request.headers["x-signature"]);
        response.json(answer);
      });
    return createServer(app);
  },
  koa: async (source) => {
    const app = new Koa();
    if (source !== null) app.use(koaWebhook(source));
    else
      app.use(async (context) => {
        verify(await read(context.req), context.get("x-signature"));
        context.body = answer;
      });
    return createServer(app.callback());
  },
  fastify: async (source) => {
    const app = Fastify();
    if (source !== null) await app.register(fastifyWebhook(source));
    else {
      app.removeAllContentTypeParsers();
      app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
      app.post("/:environment/:token", async (request) => {
        verify(request.body as Buffer, request.headers["x-signature"]);
        return answer;
      });
    }
    await app.ready();
    return app.server;
  },
  hono: async (source) => {
    const app = new Hono();
    const webhook = source === null ? null : fetchWebhook(source);
    app.post("/:environment/:token", async (context) => {
      if (webhook !== null) return webhook(context.req.raw);
      verify(Buffer.from(await context.req.arrayBuffer()), context.req.header("x-signature"));
      return context.json(answer);
    });
    return createAdaptorServer({ fetch: app.fetch }) as Server;
  },
};

const [framework, role] = process.argv.slice(2) as [Framework, string];
let source: SegmentSource | null = null;
if (role === "us") {
  source = createSegmentSource({
    environments: { production: { sharedSecrets: [secret], webhookToken: "token" } },
    storage: memoryStorage(),
    runner: functionRunner(() => undefined),
    triggers: fourTriggers(),
  });
  await source.handleSegmentPayload(
    users.map((userId) => ({ type: "identify", userId, messageId: `i-${userId}`, traits: {} })),
  );
}
const server = await servers[framework](source);
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.once("disconnect", () => process.exit(0));
