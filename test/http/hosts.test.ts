import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { createSegmentSource, memoryStorage } from "bellwire";
import { segmentWebhook } from "bellwire/express";
import { segmentWebhook as koaWebhook } from "bellwire/koa";
import { recordingRunner, signSegmentPayload } from "bellwire/testing";
import express from "express";
import express4 from "express4";
import Koa from "koa";
import { describe, expect, it } from "vitest";
import { listen } from "../support/listen.js";

const secret = "abc123";
const body = Buffer.from(JSON.stringify({ type: "track", event: "Zoë 🦊", userId: "ada" }));
const headers = { "x-signature": signSegmentPayload(body, secret) };
const makeSource = () =>
  createSegmentSource({
    environments: { production: { sharedSecrets: [secret] } },
    storage: memoryStorage(),
    runner: recordingRunner(),
  });
const options = { bodyTimeout: "2s", maxBodyBytes: 10_000 } as const;

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
type App = (middleware: Middleware) => Parameters<typeof createServer>[1];
const withExpress =
  (create: typeof express): App =>
  (middleware) =>
    create().use(middleware).use(segmentWebhook(makeSource(), options));
const apps: readonly (readonly [string, App])[] = [
  ["express 5", withExpress(express)],
  ["express 4", withExpress(express4 as unknown as typeof express)],
  [
    "koa",
    (middleware) =>
      new Koa()
        .use(({ req, res }, next) => new Promise<void>((done) => middleware(req, res, done)).then(next))
        .use(koaWebhook(makeSource(), options))
        .callback(),
  ],
];

/** Sends the body in two packets. */
async function post(listener: Parameters<typeof createServer>[1], sent = body) {
  const { url, close } = await listen(createServer(listener));
  const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const request = httpRequest(`${url}/production`, { method: "POST", headers }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("close", () => resolve({ status: response.statusCode, text }));
    });
    request.on("error", reject);
    // Within a character of several bytes.
    request.write(sent.subarray(0, 27));
    setTimeout(() => request.end(sent.subarray(27)), 50);
  });
  await close();
  return answer;
}

/** What a host does with the request, and how long it waits then. */
const hostThat =
  (act: (request: IncomingMessage) => unknown, ms = 0): Middleware =>
  (request, _response, next) => {
    act(request);
    if (ms === 0) next();
    else setTimeout(next, ms);
  };

describe.each(apps)("in %s", (_, app) => {
  it.each([
    ["has set an encoding", hostThat((request) => request.setEncoding("utf8"))],
    ["has set another encoding", hostThat((request) => request.setEncoding("base64"))],
    ["has paused it", hostThat((request) => request.pause(), 100)],
  ])("a body is read where the host %s", async (_what, middleware) => {
    expect((await post(app(middleware))).status).toBe(200);
  });

  it("a body that comes as text is within its limit as well", async () => {
    const setEncoding = hostThat((request) => request.setEncoding("utf8"));
    expect((await post(app(setEncoding), Buffer.alloc(20_000, " "))).status).toBe(413);
  });

  it("a body that the host is in the middle of is asked for again", async () => {
    const listening: Middleware = (request, _response, next) => void request.once("data", () => next());
    const { status, text } = await post(app(listening));
    expect([status, JSON.parse(text).code]).toEqual([503, "CONFIG_BODY_ALREADY_PARSED"]);
  });
});

describe.each(apps.slice(0, 2))("in %s", (_, app) => {
  it("what a host keeps of a body counts once it has it all", async () => {
    const keep = hostThat((request) => {
      const keeping = Object.assign(request, { rawBody: "" });
      request.on("data", (chunk) => (keeping.rawBody += chunk));
    });
    expect((await post(app(keep))).status).toBe(200);
  });

  it("a host that has begun to answer meanwhile is left to it", async () => {
    const answer: Middleware = (_request, response, next) => {
      setTimeout(() => response.end("too late"), 200);
      response.writeHead(504).flushHeaders();
      next();
    };
    expect(await post(app(answer))).toEqual({ status: 504, text: "too late" });
  });
});
