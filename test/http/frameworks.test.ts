import { request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { Analytics } from "@segment/analytics-node";
import { createSegmentSource, defineTrigger, memoryStorage, runnerError, type Storage } from "bellwire";
import { recordingRunner, signSegmentPayload } from "bellwire/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { frameworks } from "../support/frameworks.js";
import type { RunningServer } from "../support/listen.js";

const secret = "abc123";
const event = JSON.stringify({
  type: "track",
  event: "Signed Up",
  userId: "ada",
  messageId: "m-1",
  properties: { plan: "Zoë 🦊" },
});
const pair = `[${event},${event.replace("m-1", "m-2")}]`;
const signature = signSegmentPayload(event, secret);
const environments = {
  open: { authentication: "none" },
  token: { webhookToken: "tok" },
  signed: { sharedSecrets: ["old", secret] },
  both: { webhookToken: "tok", sharedSecrets: [secret] },
  header: { header: { name: "X-Api-Key", value: "key" } },
  sdk: { writeKeys: ["wk_live"] },
} as const;

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
}

const cases: readonly (readonly [name: string, sent: Sent, status: number, code?: string])[] = [
  ["no authentication", { path: "/open" }, 200],
  ["the token", { path: "/token/tok" }, 200],
  ["a wrong token", { path: "/token/tok2" }, 401, "AUTH_CREDENTIALS_INVALID"],
  ["no token", { path: "/token" }, 401, "AUTH_CREDENTIALS_MISSING"],
  ["another environment's token", { path: "/both/tok" }, 401, "AUTH_SIGNATURE_MISSING"],
  ["a signature", { path: "/signed/x", headers: { "x-signature": signature } }, 200],
  [
    "a signature by the old secret",
    { path: "/signed/x", headers: { "x-signature": signSegmentPayload(event, "old") } },
    200,
  ],
  ["no signature", { path: "/signed/x" }, 401, "AUTH_SIGNATURE_MISSING"],
  [
    "a wrong signature",
    { path: "/signed/x", headers: { "x-signature": "0".repeat(40) } },
    401,
    "AUTH_SIGNATURE_INVALID",
  ],
  [
    "a signed batch of two, signature alone",
    { path: "/signed/x", body: pair, headers: { "x-signature": signature } },
    401,
    "AUTH_SIGNATURE_PARTIAL",
  ],
  ["a signed batch of two with a token", { path: "/both/tok", body: pair, headers: { "x-signature": signature } }, 200],
  [
    "a signed batch of two, wholly signed",
    { path: "/signed/x", body: pair, headers: { "x-signature": signSegmentPayload(pair, secret, { covers: "all" }) } },
    200,
  ],
  ["an empty body where a signature is wanted", { path: "/signed/x", body: "" }, 401, "AUTH_SIGNATURE_MISSING"],
  ["the header", { path: "/header", headers: { "x-api-key": "key" } }, 200],
  ["a wrong header", { path: "/header", headers: { "x-api-key": "kez" } }, 401, "AUTH_CREDENTIALS_INVALID"],
  ["no header", { path: "/header" }, 401, "AUTH_CREDENTIALS_MISSING"],
  [
    "a write key in Basic",
    { path: "/sdk/v1/track", headers: { authorization: `Basic ${Buffer.from("wk_live:").toString("base64")}` } },
    200,
  ],
  ["a write key as Bearer", { path: "/sdk/v1/t", headers: { authorization: "Bearer wk_live" } }, 200],
  ["a write key in the body", { path: "/sdk/v1/batch", body: `{"batch":${pair},"writeKey":"wk_live"}` }, 200],
  ["a write key that names the environment", { path: "/v1/b", headers: { authorization: "Bearer wk_live" } }, 200],
  [
    "a wrong write key",
    { path: "/sdk/v1/b", headers: { authorization: "Bearer wk_dead" } },
    401,
    "AUTH_CREDENTIALS_MISSING",
  ],
  [
    "another kind of authorization",
    { path: "/sdk/v1/b", headers: { authorization: "Digest wk_live" } },
    401,
    "AUTH_CREDENTIALS_MISSING",
  ],
  ["an unknown environment", { path: "/nowhere/tok" }, 404, "ROUTE_UNKNOWN"],
  ["GET", { path: "/open", method: "GET" }, 405, "METHOD_NOT_ALLOWED"],
  ["DELETE", { path: "/open", method: "DELETE" }, 405, "METHOD_NOT_ALLOWED"],
  ["PUT", { path: "/open", method: "PUT" }, 200],
  ["PATCH", { path: "/open", method: "PATCH" }, 200],
  ["text/plain", { path: "/open", headers: { "content-type": "text/plain" } }, 200],
  ["no content type", { path: "/open", headers: { "content-type": "" } }, 200],
  ["a query", { path: "/open?x=1" }, 200],
  ["gzip", { path: "/open", body: gzipSync(event), headers: { "content-encoding": "gzip" } }, 200],
  [
    "broken gzip",
    { path: "/open", body: gzipSync(event).subarray(0, 30), headers: { "content-encoding": "gzip" } },
    400,
    "PAYLOAD_NOT_JSON",
  ],
  [
    "a gzip bomb",
    { path: "/open", body: gzipSync(Buffer.alloc(50_000_000, " ")), headers: { "content-encoding": "gzip" } },
    413,
    "PAYLOAD_TOO_LARGE",
  ],
  ["another encoding", { path: "/open", headers: { "content-encoding": "zstd" } }, 400, "PAYLOAD_ENCODING_UNSUPPORTED"],
  ["5 MB and more", { path: "/open", body: `"${"x".repeat(5 * 1024 * 1024)}"` }, 413, "PAYLOAD_TOO_LARGE"],
  ["4 MB", { path: "/open", body: `[${event}${" ".repeat(4 * 1024 * 1024)}]` }, 200],
  ["no JSON", { path: "/open", body: "{" }, 400, "PAYLOAD_NOT_JSON"],
  ["no events", { path: "/open", body: "42" }, 400, "PAYLOAD_NOT_EVENTS"],
  ["nothing", { path: "/open", body: "" }, 400, "PAYLOAD_EMPTY"],
  ["an invalid event", { path: "/open", body: "{}" }, 200],
];

describe.each(frameworks)("%s", (_, start) => {
  const running: RunningServer[] = [];
  afterEach(async () => {
    for (const server of running.splice(0)) await server.close();
  });
  const serve = async (storage: Storage = memoryStorage(), runner = recordingRunner()) => {
    const trigger = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
    const source = createSegmentSource({ environments, storage, runner, triggers: [trigger] });
    const refused: (readonly [code: unknown, environment: unknown])[] = [];
    const log = (fields: object) =>
      void refused.push([Reflect.get(fields, "code"), Reflect.get(fields, "environment")]);
    const logger = { debug: log, info: log, warn: log, error: log };
    const server = await start(source, { bodyTimeout: "1s", logger });
    running.push(server);
    const send = ({ path = "", method = "POST", body = event, headers = {} }: Sent) =>
      fetch(server.url + path, {
        method,
        headers: { "content-type": "application/json", ...headers },
        ...(method === "GET" ? {} : { body }),
      });
    return { ...server, send, source, runner, refused };
  };

  it("answers as Segment and its SDKs understand it", async () => {
    const { send } = await serve();
    const answers: unknown[] = [];
    for (const [name, sent] of cases) {
      const response = await send(sent);
      const body = (await response.json()) as { success: boolean; code?: string };
      answers.push([
        name,
        response.status,
        body.code,
        body.success,
        response.headers.get("content-type")?.split(";")[0],
      ]);
    }
    expect(answers).toEqual(
      cases.map(([name, , status, code]) => [name, status, code, status === 200, "application/json"]),
    );
  });

  it("asks for another delivery when storage fails, and takes it", async () => {
    const memory = memoryStorage();
    let failures = 1;
    const record: typeof memory.events.record = async (params) => {
      if (failures > 0) {
        failures -= 1;
        throw new Error("connection lost");
      }
      return memory.events.record(params);
    };
    const { send } = await serve({ ...memory, events: { ...memory.events, record } });
    const failed = await send({ path: "/open" });
    expect([
      failed.status,
      failed.headers.get("retry-after"),
      ((await failed.json()) as { code: string }).code,
    ]).toEqual([503, "5", "STORAGE_FAILED"]);
    expect((await send({ path: "/open" })).status).toBe(200);
  });

  it("does not wait for ever for a body, and survives a client that goes away", async () => {
    const { send, url, refused } = await serve();
    const unfinished = (
      then: (socket: ReturnType<typeof httpRequest>) => void,
      headers: Record<string, string> = { "content-length": "1000" },
    ) =>
      new Promise<number | undefined>((resolve) => {
        const request = httpRequest(`${url}/open`, { method: "POST", headers }, (response) =>
          resolve(response.statusCode),
        );
        request.on("error", () => resolve(undefined));
        request.write("[");
        then(request);
      });
    expect([503, undefined]).toContain(await unfinished(() => undefined));
    expect(refused.splice(0)).toEqual([["PAYLOAD_TIMEOUT", "open"]]);
    for (const headers of [{ "content-length": "1000" }, { "transfer-encoding": "chunked" }]) {
      await unfinished((request) => setTimeout(() => request.destroy(), 20), headers);
    }
    await vi.waitFor(() => expect(refused).toHaveLength(2));
    expect(refused).toEqual([
      ["ABORTED", "open"],
      ["ABORTED", "open"],
    ]);
    expect((await send({ path: "/open" })).status).toBe(200);
  });

  it("takes what the real Segment SDK sends, and delivers once what it sends again", async () => {
    const runner = recordingRunner();
    const { url, source } = await serve(memoryStorage(), runner);
    runner.failNext(runnerError("retryable", "busy"));
    const { origin, pathname } = new URL(`${url}/sdk/v1/batch`);
    const analytics = new Analytics({ writeKey: "wk_live", host: origin, path: pathname, flushAt: 2, maxRetries: 5 });
    analytics.identify({ userId: "ada", traits: { email: "ada@example.com" } });
    analytics.track({ userId: "ada", event: "Signed Up", properties: { plan: "pro" } });
    await analytics.closeAndFlush({ timeout: 10_000 });
    const inSdk = { environment: "sdk" };
    expect(await source.users.get("ada", inSdk)).toMatchObject({ email: "ada@example.com" });
    expect(runner.runs.map(({ request, context }) => [request.recipients, context.attempt])).toEqual([
      [["ada"], 1],
      [["ada"], 2],
    ]);
    expect(new Set(runner.runs.map(({ context }) => context.idempotencyKey)).size).toBe(1);
    const { items } = await source.events.list({ ...inSdk, type: "track" });
    expect(items.map(({ outcome }) => [outcome.status, outcome.triggers[0]?.status])).toEqual([
      ["processed", "triggered"],
    ]);
  });
});
