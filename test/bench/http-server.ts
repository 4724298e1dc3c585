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
import { createByHand } from "./by-hand.js";
import type { Framework } from "./cases/http.js";
import { hmacAndParse, type SignedBody, secret } from "./events.js";
import { fourTriggers, users } from "./sources.js";

/** A server of one framework: with ours behind it, with the least by hand, or with nothing but what no receiver can do without. */
const key = createSecretKey(secret, "utf8");
/** Answers requests without us. */
type Receive = (body: SignedBody) => object | Promise<object>;

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const servers: Readonly<Record<Framework, (receiver: SegmentSource | Receive) => Promise<Server>>> = {
  express: async (receiver) => {
    const app = express();
    if (typeof receiver !== "function") app.post("/:environment/:token", expressWebhook(receiver));
    else
      app.post("/:environment/:token", express.raw({ type: "*/*", limit: "5mb" }), async (request, response) => {
        response.json(await receiver({ bytes: request.body, signature: String(request.headers["x-signature"]) }));
      });
    return createServer(app);
  },
  koa: async (receiver) => {
    const app = new Koa();
    if (typeof receiver !== "function") app.use(koaWebhook(receiver));
    else
      app.use(async (context) => {
        context.body = await receiver({ bytes: await read(context.req), signature: context.get("x-signature") });
      });
    return createServer(app.callback());
  },
  fastify: async (receiver) => {
    const app = Fastify();
    if (typeof receiver !== "function") await app.register(fastifyWebhook(receiver));
    else {
      app.removeAllContentTypeParsers();
      app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
      app.post("/:environment/:token", async (request) =>
        receiver({ bytes: request.body as Buffer, signature: String(request.headers["x-signature"]) }),
      );
    }
    await app.ready();
    return app.server;
  },
  hono: async (receiver) => {
    const app = new Hono();
    if (typeof receiver !== "function") {
      const webhook = fetchWebhook(receiver);
      app.post("/:environment/:token", (context) => webhook(context.req.raw));
    } else
      app.post("/:environment/:token", async (context) => {
        const bytes = Buffer.from(await context.req.arrayBuffer());
        return context.json(await receiver({ bytes, signature: String(context.req.header("x-signature")) }));
      });
    return createAdaptorServer({ fetch: app.fetch }) as Server;
  },
};

const [framework, role] = process.argv.slice(2) as [Framework, string];

async function ours(): Promise<SegmentSource> {
  const source = createSegmentSource({
    environments: { production: { sharedSecrets: [secret], webhookToken: "token" } },
    storage: memoryStorage(),
    runner: functionRunner(() => undefined),
    triggers: fourTriggers(),
  });
  await source.handleSegmentPayload(
    users.map((userId) => ({ type: "identify", userId, messageId: `i-${userId}`, traits: {} })),
  );
  return source;
}

function nothingButVerify(body: SignedBody): object {
  hmacAndParse(body, key);
  return { success: true };
}

const receiver = role === "us" ? await ours() : role === "peer" ? createByHand(4) : nothingButVerify;
const server = await servers[framework](receiver);
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.once("disconnect", () => process.exit(0));
