import { type ChildProcess, spawn } from "node:child_process";
import Knock from "@knocklabs/node";
import { identify, track } from "bellwire/testing";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { start as startExpress } from "../../examples/express/start.js";
import { start as startFetch } from "../../examples/fetch/start.js";
import { start as startKnock } from "../../examples/knock/start.js";
import { start as startKoa } from "../../examples/koa/start.js";
import { signSegmentPayload } from "../../src/segment/signature.js";
import { startEngine } from "../support/engine-server.js";
import { engines } from "../support/engines.js";
import { startPostgres } from "../support/postgres.js";
import { hasRedis, startRedis } from "../support/redis.js";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});
const post = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: "POST", body, headers });

describe("examples/express", () => {
  it("prints curl commands that work, and what came of each event", async () => {
    const lines: string[] = [];
    const server = await startExpress({ port: 0, log: (line) => lines.push(line) });
    open.push(server);
    const curls = [
      ...(lines[0] ?? "").matchAll(
        /curl -X POST '(.+?)' -H 'content-type: application\/json' (?:-H 'x-signature: (\w+)' )?-d '(.+?)'/g,
      ),
    ];
    expect(curls).toHaveLength(2);
    for (const [, url = "", signature, body = ""] of curls) {
      const headers: Record<string, string> = signature === undefined ? {} : { "x-signature": signature };
      expect((await post(url, body, headers)).status).toBe(200);
    }
    const [, url = "", , body = ""] = curls[0] ?? [];
    await post(url, body);
    const printed = lines.join("\n");
    for (const expected of [
      /recipients \[\{"id":"ada"/,
      /actor +"linus"/,
      /"title":"Looks good!"/,
      /grace {2}skipped: not_identified/,
      /duplicate/,
    ]) {
      expect(printed).toMatch(expected);
    }
  });
});

describe("examples/koa", () => {
  it("welcomes who signs up, and not who works here", async () => {
    const welcomed: unknown[] = [];
    const server = await startKoa({
      port: 0,
      webhookToken: "t",
      sendWelcome: (run) => void welcomed.push(run.recipients),
    });
    open.push(server);
    const url = `${server.url}/webhooks/segment/production/t`;
    const signUp = (userId: string, plan: string) => ({
      type: "track",
      event: "Signed Up",
      userId,
      properties: { plan },
    });
    await post(url, JSON.stringify([signUp("ada", "pro"), signUp("grace", "internal")]));
    expect(welcomed).toEqual([["ada"]]);
  });
});

describe("examples/fetch", () => {
  it("answers requests, and sends a receipt", async () => {
    const receipts: unknown[] = [];
    const app = startFetch({ sharedSecret: "s", sendReceipt: (run) => void receipts.push(run) });
    open.push(app);
    const body = JSON.stringify({
      type: "track",
      event: "Order Completed",
      userId: "ada",
      context: { traits: { email: "ada@example.com" } },
      properties: { total: 12, order_id: "o-1" },
    });
    const request = (signature: string) =>
      new Request("http://127.0.0.1/webhooks/segment/production", {
        method: "POST",
        body,
        headers: { "x-signature": signature },
      });
    expect((await app.fetch(request(signSegmentPayload(body, "s")))).status).toBe(200);
    expect((await app.fetch(request(signSegmentPayload(body, "other")))).status).toBe(401);
    expect(receipts).toMatchObject([
      {
        recipients: [{ id: "ada", email: "ada@example.com" }],
        data: { total: 12, greeting: "Thank you for order o-1" },
      },
    ]);
  });
});

describe("examples/knock", () => {
  it("brings users to Knock, and starts a workflow there", async () => {
    const postgres = await startPostgres();
    const knock = engines.find(({ name }) => name === "Knock");
    const engine = await startEngine((request) => knock?.reply(request) ?? { status: 500 });
    const pool = new pg.Pool({ connectionString: postgres.connectionString });
    const client = new Knock({ apiKey: "sk_test", baseURL: engine.url });
    const server = await startKnock({ port: 0, webhookToken: "t", sharedSecret: "s", pool, client });
    const comment = { title: "Hi", commenter: { id: "linus" }, mentioned: ["ada", "nobody"] };
    const body = JSON.stringify([identify("ada", { email: "ada@example.com" }), track("Comment Created", comment)]);
    const url = `${server.url}/webhooks/segment/production/t`;
    expect((await post(url, body, { "x-signature": signSegmentPayload(body, "s") })).status).toBe(200);
    expect(engine.requests.map(({ path, text }) => [path, JSON.parse(text)])).toEqual([
      ["/v1/users/bulk/identify", { users: [{ id: "ada", email: "ada@example.com" }] }],
      ["/v1/workflows/new-comment/trigger", { recipients: ["ada"], actor: "linus", data: { title: "Hi" } }],
    ]);
    await server.close();
    await pool.end();
    await engine.close();
    await postgres.stop();
  });
});

describe("examples/bullmq", () => {
  it.skipIf(!hasRedis)(
    `a server and a worker, two processes${hasRedis ? "" : " (this machine has no redis-server)"}`,
    async () => {
      const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
      const env = {
        ...process.env,
        DATABASE_URL: postgres.connectionString,
        REDIS_PORT: String(redis.port),
        PORT: "0",
      };
      const server = startExample("server", env);
      const worker = startExample("worker", env);
      const [, url = ""] = await server.says(/listening on (\S+)/);
      await worker.says(/working/);
      const body = JSON.stringify(track("Signed Up", {}, { userId: "ada" }));
      expect((await post(`${url}/webhooks/segment/production/wrong`, body)).status).toBe(401);
      expect((await post(`${url}/webhooks/segment/production/dev-token`, body)).status).toBe(200);
      await worker.says(/welcome \["ada"\]/);
      expect(await Promise.all([server.stop(), worker.stop()]), "both end by themselves on SIGTERM").toEqual([0, 0]);
      await Promise.all([redis.stop(), postgres.stop()]);
    },
  );
});

function startExample(role: string, env: NodeJS.ProcessEnv) {
  const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", "examples/bullmq/main.ts", role], { env });
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  return {
    says: async (pattern: RegExp): Promise<RegExpExecArray> => {
      await expect.poll(() => pattern.test(output), { timeout: 20_000, message: output }).toBe(true);
      return pattern.exec(output) ?? expect.fail(output);
    },
    stop: () =>
      new Promise<number | null>((resolve) => {
        child.once("exit", resolve);
        child.kill("SIGTERM");
      }),
  };
}
