import { createServer, request as httpRequest } from "node:http";
import Router from "@koa/router";
import { createSegmentSource, memoryStorage, type SegmentSource } from "bellwire";
import { segmentWebhook as expressWebhook } from "bellwire/express";
import { segmentWebhook as fastifyWebhook } from "bellwire/fastify";
import { segmentWebhook as fetchWebhook } from "bellwire/fetch";
import { segmentWebhook as koaWebhook } from "bellwire/koa";
import { recordingRunner } from "bellwire/testing";
import express from "express";
import fastify from "fastify";
import Koa from "koa";
import { describe, expect, it } from "vitest";
import { listen } from "../support/listen.js";

const base = "/webhooks/segment";
const only = { production: { header: { name: "x-key", value: "key" } } };
const withToken = { production: { webhookToken: "tok" } };
const makeSource = (environments: Record<string, object>) =>
  createSegmentSource({ environments, storage: memoryStorage(), runner: recordingRunner() });

type Post = (source: SegmentSource, path: string) => Promise<number>;
const headers = { "x-key": "key" };
const posted = { method: "POST", body: '{"type":"page"}', headers };

async function postTo(listener: Parameters<typeof createServer>[1], path: string, method = "POST") {
  const { url, close } = await listen(createServer(listener));
  const request = method === "POST" ? posted : { method, headers };
  const response = await fetch(url + path, request);
  await close();
  return response;
}

const inFastify: Post = async (source, path) => {
  const app = fastify();
  await app.register(fastifyWebhook(source), { prefix: base });
  const { statusCode } = await app.inject({ url: path, method: "POST", body: posted.body, headers });
  return statusCode;
};
const withExpress: Post = async (source, path) =>
  (await postTo(express().use(base, expressWebhook(source)), path)).status;
const withKoa: Post = async (source, path) =>
  (await postTo(new Koa().use(koaWebhook(source, { basePath: `${base}/` })).callback(), path)).status;
const withFetch: Post = async (source, path) =>
  (await fetchWebhook(source, { basePath: base })(new Request(`http://localhost${path}`, posted))).status;

describe.each([
  ["fastify with a prefix", inFastify],
  ["express, mounted", withExpress],
  ["koa with a basePath", withKoa],
  ["fetch with a basePath", withFetch],
])("a source of one environment in %s", (_, post) => {
  it.each([
    [base, 200],
    [`${base}/`, 200],
    [`${base}/v1/track`, 200],
    [`${base}/production`, 200],
    [`${base}/production/tok`, 200],
    [`${base}/staging/tok`, 404],
    [`${base}/staging`, 404],
    [`${base}/staging/v1/batch`, 404],
  ])("POST %s is answered %i", async (path, status) => {
    expect(await post(makeSource(only), path)).toBe(status);
  });
});

describe("a proxy that asks for the whole URL", () => {
  const ask = async (base: string, path: string) => {
    const { port } = new URL(base);
    const options = { host: "127.0.0.1", port, path: `http://example.com${path}`, method: "POST", headers };
    return new Promise((resolve, reject) => {
      const request = httpRequest(options, (response) => resolve(response.resume().statusCode));
      request.on("error", reject).end(posted.body);
    });
  };
  const paths = [base, `${base}/v1/track?at=/1`, `${base}/staging`];

  it.each([
    ["express", () => express().use(base, expressWebhook(makeSource(only)))],
    ["koa", () => new Koa().use(koaWebhook(makeSource(only), { basePath: base })).callback()],
  ] as const)("is answered by %s as everybody is", async (_, listener) => {
    const { url, close } = await listen(createServer(listener()));
    expect(await Promise.all(paths.map((path) => ask(url, path)))).toEqual([200, 200, 404]);
    await close();
  });

  it("is answered by fastify as everybody is", async () => {
    const app = fastify({ forceCloseConnections: true });
    await app.register(fastifyWebhook(makeSource(only)), { prefix: base });
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    expect(await Promise.all(paths.map((path) => ask(url, path)))).toEqual([200, 200, 404]);
    await app.close();
  });
});

describe("paths that name no environment where there is only one", () => {
  it("are those of a route, whatever they are", async () => {
    const source = makeSource(only);
    expect((await postTo(express().post("/hook", expressWebhook(source)), "/hook")).status).toBe(200);
    const router = new Router().post("/hook", koaWebhook(source));
    expect((await postTo(new Koa().use(router.routes()).callback(), "/hook")).status).toBe(200);
    const request = new Request("http://localhost/api/hook", posted);
    expect((await fetchWebhook(source)(request)).status).toBe(200);
  });

  it("may have a token", async () => {
    const app = express().post("/hook/:token", expressWebhook(makeSource(withToken)));
    expect((await postTo(app, "/hook/tok")).status).toBe(200);
    expect((await postTo(app, "/hook/other")).status).toBe(401);
  });

  it.each([
    ["/hook/:token", "/hook/tok", 200],
    ["/hook/:token", "/hook/other", 401],
    ["/hook/:token", "/hook/tok/v1/track", 200],
    ["/hook/:token/:environment", "/hook/tok/production", 200],
    ["/hook/:environment", "/hook/production/tok", 200],
    ["/hook/:environment/:token", "/hook/production/other", 401],
  ])("fastify takes the token from the prefix %s: POST %s is answered %i", async (prefix, url, status) => {
    const app = fastify();
    await app.register(fastifyWebhook(makeSource(withToken)), { prefix });
    expect((await app.inject({ url, method: "POST", body: posted.body })).statusCode).toBe(status);
  });
});

it("koa with a basePath leaves other paths to the rest of the app", async () => {
  const app = new Koa().use(koaWebhook(makeSource(only), { basePath: base })).use((context) => {
    context.body = "fine";
  });
  const answers = [
    await postTo(app.callback(), "/health", "GET"),
    await postTo(app.callback(), `${base}/production`, "GET"),
    await postTo(app.callback(), `${base}-2/production`),
  ];
  expect(await Promise.all(answers.map(async (answer) => [answer.status, (await answer.text()) === "fine"]))).toEqual([
    [200, true],
    [405, false],
    [200, true],
  ]);
});

it("a basePath without a slash, below which no request would ever be found, is refused", () => {
  expect(() => koaWebhook(makeSource(only), { basePath: "webhooks/segment" })).toThrow(
    'segmentWebhook: basePath: is not a path that starts with a slash, such as "/webhooks/segment".',
  );
});

it("what a framework with a context of its own hands to the fetch webhook is refused with what to hand on", async () => {
  const webhook = fetchWebhook(makeSource(only));
  await expect(
    Reflect.apply(webhook, undefined, [{ req: { raw: new Request("http://x/hook") } }]),
  ).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("(c) => webhook(c.req.raw)"),
  });
});
