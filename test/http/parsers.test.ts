import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { createSegmentSource, createWebhookHandler, memoryStorage } from "bellwire";
import { consoleHandler as expressConsole, segmentWebhook } from "bellwire/express";
import { consoleHandler as fastifyConsole } from "bellwire/fastify";
import { segmentWebhook as fetchWebhook } from "bellwire/fetch";
import { consoleHandler as koaConsole, segmentWebhook as koaWebhook } from "bellwire/koa";
import { recordingRunner, signSegmentPayload } from "bellwire/testing";
import express from "express";
import Koa from "koa";
import bodyParser from "koa-bodyparser";
import { describe, expect, it } from "vitest";

const secret = "abc123";
const body = JSON.stringify({ type: "track", event: "Zoë", userId: "ada" });
const makeSource = () =>
  createSegmentSource({
    environments: { production: { sharedSecrets: [secret] } },
    storage: memoryStorage(),
    runner: recordingRunner(),
  });

async function post(listener: Parameters<typeof createServer>[1], sent: string | Buffer = body) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const headers = { "content-type": "application/json", "x-signature": signSegmentPayload(body, secret) };
    const response = await fetch(`http://127.0.0.1:${port}/segment/production`, {
      method: "POST",
      body: sent,
      headers,
    });
    return { status: response.status, answer: (await response.json()) as { code?: string; message?: string } };
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("behind a body parser", () => {
  it("express.json() alone: an error that shows the line to write", async () => {
    const app = express().use(express.json());
    app.use("/segment", segmentWebhook(makeSource()));
    const { status, answer } = await post(app);
    expect([status, answer.code]).toEqual([503, "CONFIG_BODY_ALREADY_PARSED"]);
    expect(answer.message).toContain("verify: (req, _res, bytes) => { req.rawBody = bytes }");
  });

  it("express.json() with the line from the error", async () => {
    const verify = (req: object, _res: unknown, bytes: Buffer) => void Object.assign(req, { rawBody: bytes });
    const app = express().use(express.json({ verify }));
    app.use("/segment", segmentWebhook(makeSource()));
    expect((await post(app)).status).toBe(200);
  });

  it.each([
    ["express.raw()", express.raw({ type: "*/*" })],
    ["express.text()", express.text({ type: "*/*" })],
  ])("%s", async (_, parser) => {
    const app = express().use(parser);
    app.use("/segment", segmentWebhook(makeSource()));
    expect((await post(app)).status).toBe(200);
  });

  it("koa-bodyparser, which keeps the text", async () => {
    const app = new Koa().use(bodyParser()).use(koaWebhook(makeSource()));
    expect((await post(app.callback())).status).toBe(200);
  });

  it("a Request that somebody read", async () => {
    const request = new Request("http://127.0.0.1/production", { method: "POST", body });
    await request.text();
    const response = await fetchWebhook(makeSource())(request);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      503,
      "CONFIG_BODY_ALREADY_PARSED",
    ]);
  });
});

describe("a webhook fails closed", () => {
  const make = (environments: Record<string, object>) =>
    createWebhookHandler(createSegmentSource({ environments, storage: memoryStorage(), runner: recordingRunner() }));
  const request = (environment: string) => ({
    method: "POST",
    path: "/",
    header: () => undefined,
    environment,
    body: { kind: "bytes", bytes: Buffer.from(body) } as const,
  });

  it("without any credentials it is not even made", () => {
    expect(() => make({ production: {} })).toThrow(expect.objectContaining({ code: "CONFIG_AUTHENTICATION_MISSING" }));
  });

  it("an environment without credentials stays shut, and loses nothing", async () => {
    const handle = make({ production: { webhookToken: "t" }, development: {} });
    const { status, body: answer } = await handle(request("development"));
    expect([status, JSON.parse(answer).code]).toEqual([503, "CONFIG_AUTHENTICATION_MISSING"]);
  });

  it("tells the logger of the source what it refuses, unless it has one of its own", async () => {
    const told = (lines: string[]) => {
      const log = ({ environment }: { environment?: string }, message: string) =>
        void lines.push(`${environment}: ${message}`);
      return { debug: log, info: log, warn: log, error: log };
    };
    const ofSource: string[] = [];
    const own: string[] = [];
    const source = createSegmentSource({
      environments: { production: { webhookToken: "token" } },
      storage: memoryStorage(),
      runner: recordingRunner(),
      logger: told(ofSource),
    });
    const ask = (method = "POST") =>
      new Request("http://localhost/segment/production/wrong", { method, ...(method === "POST" && { body }) });
    await fetchWebhook(source)(ask());
    await fetchWebhook(source, { logger: told(own) })(ask());
    expect(ofSource).toEqual(["production: The token in the URL is wrong."]);
    expect(own).toEqual(ofSource);
    await fetchWebhook(source)(ask("GET"));
    expect(ofSource[1]).toMatch(/^undefined: The method GET/);
  });

  it("is not made without a source", () => {
    expect(() => Reflect.apply(segmentWebhook, undefined, [])).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining("segmentWebhook(source)") }),
    );
  });

  it.each<[object, string, string]>([
    [{ environment: "prod" }, "CONFIG_ENVIRONMENT_UNKNOWN", 'there is no "prod"; the source has: production.'],
    [{ environmet: "production" }, "CONFIG_INVALID", "environmet: is not an option. Did you mean environment?"],
    [{ maxBodyBytes: "5mb" }, "CONFIG_INVALID", "maxBodyBytes: is not a number."],
    [{ logger: () => undefined }, "CONFIG_INVALID", "logger: is not a logger."],
  ])("is not made with %j", (options, code, message) => {
    expect(() => createWebhookHandler(makeSource(), options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  it.each([
    ["express", expressConsole],
    ["koa", koaConsole],
    ["fastify", fastifyConsole],
  ] as const)("%s mounts a console, and nothing else", (_, consoleHandler) => {
    expect(() => Reflect.apply(consoleHandler, undefined, [makeSource()])).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining("createConsole(") }),
    );
  });

  it.each<[string, object, string]>([
    ["webhookToken", { webhookToken: undefined }, "is undefined"],
    ["webhookToken", { webhookToken: "" }, "is empty"],
    ["sharedSecrets[1]", { sharedSecrets: ["a", undefined] }, "is undefined"],
    ["sharedSecrets", { sharedSecrets: [] }, "empty list"],
    ["writeKeys[0]", { writeKeys: [" "] }, "not a text"],
    ["header.value", { header: { name: "x", value: undefined } }, "is undefined"],
    ["sharedSecrets", { webhookToken: "t", sharedSecrets: undefined }, "is undefined"],
    ["writeKeys", { webhookToken: "t", writeKeys: undefined }, "is undefined"],
    ["header", { webhookToken: "t", header: undefined }, "is undefined"],
  ])("a forgotten %s is an error by name", (field, credentials, what) => {
    expect(() => make({ production: credentials })).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: expect.stringContaining(`environments.production.${field}: is`),
      }),
    );
    expect(() => make({ production: credentials })).toThrow(what.replace("is ", ""));
  });
});

describe("what a body says of its sender", () => {
  const source = createSegmentSource({
    environments: { sdk: { writeKeys: ["wk1"] }, signed: { sharedSecrets: [secret] } },
    storage: memoryStorage(),
    runner: recordingRunner(),
  });
  const handle = createWebhookHandler(source);
  const send = async (environment: string, text: string) => {
    const bytes = Buffer.from(text);
    const request = { method: "POST", path: "/", header: () => undefined, environment };
    const { status, body: answer } = await handle({ ...request, body: { kind: "bytes", bytes } });
    return { status, message: String(JSON.parse(answer).message) };
  };
  const other = '"properties":{"writeKey":"other","list":[{"writeKey":"other"}]}';
  const own = '"properties":{"writeKey":"wk1"}';
  const page = '"type":"page"';

  it.each<[string, string, number]>([
    ["after a namesake of the event's", `{"batch":[{${page},${other}}],"writeKey":"wk1"}`, 200],
    ["spaced out", `\ufeff { "batch" : [ ] , "writeKey" : "wk1" } `, 200],
    ["escaped", String.raw`{"batch":[],"\u0077riteKey":"wk\u0031"}`, 200],
    ["of a single event", `{${page},${other},"writeKey":"wk1"}`, 200],
    ["of the events of a list", `[{${page},${other},"writeKey":"wk1"}]`, 200],
    ["of the events of a batch", `{"batch":[{${page},"writeKey":"wk1"}]}`, 200],
    ["that is the last of two", `{${page},"writeKey":"other","writeKey":"wk1"}`, 200],
    ["that is the first of two", `{${page},"writeKey":"wk1","writeKey":"other"}`, 401],
    ["of the properties", `{${page},${own}}`, 401],
    ["of a batch's properties", `{"batch":[{${page},${own}}]}`, 401],
    ["in a text", `{${page},"name":"\\"writeKey\\":\\"wk1\\""}`, 401],
    ["that is no text", `{${page},"writeKey":["wk1"]}`, 401],
    ["cut off", `{"writeKey":"wk1`, 401],
    ["without a value", `{"writeKey"`, 401],
    ["of a wrong one over a right one", `{"batch":[{"writeKey":"wk1"}],"writeKey":"other"}`, 401],
  ])("a write key %s", async (_, text, status) => {
    expect((await send("sdk", text)).status).toBe(status);
  });

  it.each([
    ["", "map it to the whole event"],
    [`[ null ,{${page}}]`, "map it to the whole event"],
    [`[{${page}},null]`, "shared secret in the destination"],
    ["null", "shared secret in the destination"],
  ])("%j without a signature gets a hint that helps", async (text, hint) => {
    expect(await send("signed", text)).toMatchObject({ status: 401, message: expect.stringContaining(hint) });
  });
});

it("an event that is none is told so in the answer, with what to do", async () => {
  const answer = await createWebhookHandler(makeSource())({
    method: "POST",
    path: "/production",
    header: () => signSegmentPayload('{"plan":"pro"}', secret),
    body: { kind: "bytes", bytes: Buffer.from('{"plan":"pro"}') },
  });
  expect(JSON.parse(answer.body).events).toEqual([
    {
      messageId: expect.any(String),
      status: "invalid",
      reason: "type_missing",
      message: expect.stringContaining("mapping set to the whole event?"),
    },
  ]);
});

describe("a body that a sender has compressed", () => {
  it.each([
    [2_000, 413],
    [200_000, 200],
  ])("is bounded by what it decompresses to: with maxBodyBytes of %i", async (maxBodyBytes, status) => {
    const handle = createWebhookHandler(makeSource(), { maxBodyBytes });
    const text = JSON.stringify({
      type: "track",
      event: "Zoë",
      userId: "ada",
      properties: { text: "x".repeat(50_000) },
    });
    const headers: Readonly<Record<string, string>> = {
      "content-encoding": "gzip",
      "x-signature": signSegmentPayload(text, secret),
    };
    const answer = await handle({
      method: "POST",
      path: "/production",
      header: (name) => headers[name],
      body: { kind: "stream", chunks: Readable.from([gzipSync(text)]) },
    });
    expect(answer.status).toBe(status);
  });

  const text = JSON.stringify({ type: "page", name: "Zoë" });
  it.each<[string, string, Buffer, number]>([
    ["gzip that nobody told of", "", gzipSync(text), 200],
    ["gzip with another word", "gzip, identity", gzipSync(text), 200],
    ["gzip that a proxy has unpacked", "gzip", Buffer.from(text), 200],
    ["deflate", "deflate", deflateSync(text), 200],
    ["deflate without a header", "Deflate", deflateRawSync(text), 200],
    ["deflate that is none", "deflate", Buffer.from(text), 400],
  ])("is read for what it is: %s", async (_, encoding, sent, status) => {
    const headers: Readonly<Record<string, string>> = {
      "content-encoding": encoding,
      "x-signature": signSegmentPayload(text, secret),
    };
    const request = { method: "POST", path: "/production", header: (name: string) => headers[name] };
    const answer = await createWebhookHandler(makeSource())({
      ...request,
      body: { kind: "stream", chunks: Readable.from([sent]) },
    });
    expect(answer.status).toBe(status);
  });

  it("is unpacked where a host kept it as it came", async () => {
    const keep = express.raw({ type: "*/*", inflate: false });
    const app = express()
      .use((request, _response, next) => {
        delete request.headers["content-encoding"];
        next();
      })
      .use(keep);
    app.use("/segment", segmentWebhook(makeSource(), { maxBodyBytes: 1_000 }));
    expect((await post(app, gzipSync(body))).status).toBe(200);
    expect((await post(app, gzipSync(`"${"x".repeat(2_000)}"`))).status).toBe(413);
  });
});
