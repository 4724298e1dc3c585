import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import Knock from "@knocklabs/node";
import { memoryStorage, type WorkflowRunRequest } from "bellwire";
import { identify, track } from "bellwire/testing";
import { Kafka, logLevel } from "kafkajs";
import Database from "libsql";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { start as startExpress } from "../../examples/express/start.js";
import { start as startFetch } from "../../examples/fetch/start.js";
import { start as startKafkaExample } from "../../examples/kafka/start.js";
import { start as startKnock } from "../../examples/knock/start.js";
import { start as startKoa } from "../../examples/koa/start.js";
import { start as startNest } from "../../examples/nest/start.js";
import { signSegmentPayload } from "../../src/segment/signature.js";
import { startEngine } from "../support/engine-server.js";
import { engines } from "../support/engines.js";
import { hasKafka, startKafka } from "../support/kafka.js";
import { root } from "../support/packed.js";
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

  it("answers whatever comes below the webhook, and prints what it refuses", async () => {
    const lines: string[] = [];
    const server = await startExpress({ port: 0, webhookToken: "tok", log: (line) => lines.push(line) });
    open.push(server);
    const webhook = `${server.url}/webhooks/segment`;
    const answers = [
      await fetch(`${webhook}/development/tok`),
      await post(`${webhook}/development/wrong`, "{}"),
      await post(`${webhook}/staging/tok`, "{}"),
      await post(`${webhook}/development/tok/v1/page`, "{}"),
    ];
    expect(answers.map(({ status }) => status)).toEqual([405, 401, 404, 200]);
    expect(lines.filter((line) => line.includes("refused")).map((line) => line.trim().slice(0, 40))).toEqual([
      "✗ refused  The method GET is not allowed",
      "✗ refused  The token in the URL is wrong",
      "✗ refused  This path names no environmen",
    ]);
  });
});

describe("examples/koa", () => {
  it("welcomes who signs up, and not who works here", async () => {
    const welcomed: unknown[] = [];
    const server = await startKoa({
      port: 0,
      webhookToken: "t",
      database: new Database(":memory:"),
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
    const params = Promise.resolve({ environment: "production" });
    const repeated = await app.POST(request(signSegmentPayload(body, "s")), { params });
    expect([repeated.status, (await app.source.events.list({})).items]).toMatchObject([200, { length: 1 }]);
    expect(receipts).toMatchObject([
      {
        recipients: [{ id: "ada", email: "ada@example.com" }],
        data: { total: 12, greeting: "Thank you for order o-1" },
      },
    ]);
  });
});

describe("examples/nest", () => {
  const signUp = JSON.stringify(track("Signed Up", { note: "x".repeat(200_000) }, { userId: "ada" }));

  it("receives signed events beside the application's own JSON routes", async () => {
    const welcomed: unknown[] = [];
    const sendWelcome = (run: WorkflowRunRequest) => void welcomed.push(run.recipients);
    const storage = memoryStorage();
    const app = await startNest({ port: 0, webhookToken: "t", sharedSecret: "s", storage, sendWelcome });
    open.push(app);
    const json = { "content-type": "application/json" };
    const created = await post(`${app.url}/users`, JSON.stringify({ id: "ada", email: "ada@example.com" }), json);
    expect(await created.json()).toMatchObject({ status: "created" });
    const url = `${app.url}/webhooks/segment/production/t`;
    const answers = [];
    for (const secret of ["s", "other"]) {
      const signature = signSegmentPayload(signUp, secret);
      answers.push((await post(url, signUp, { ...json, "x-signature": signature })).status);
    }
    expect([answers, welcomed]).toEqual([[200, 401], [["ada"]]]);
  });
});

describe("examples/kafka", () => {
  it.skipIf(!hasKafka)(
    `consumes, stops at nothing, and commits what is recorded${hasKafka ? "" : " (this machine has no kcat)"}`,
    async () => {
      const broker = await startKafka("segment");
      const kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING });
      const [producer, admin] = [kafka.producer(), kafka.admin()];
      await Promise.all([producer.connect(), admin.connect()]);
      const signUps = ["ada", "grace"].map((userId) => JSON.stringify(track("Signed Up", {}, { userId })));
      const values = [signUps[0] ?? "", "not JSON", signUps[1] ?? "", signUps[0] ?? ""];
      await producer.send({ topic: "segment", messages: values.map((value) => ({ value, partition: 0 })) });

      const welcomed: unknown[] = [];
      const sendWelcome = (run: WorkflowRunRequest) => void welcomed.push(...run.recipients);
      const consumer = kafka.consumer({ groupId: "bellwire" });
      const app = await startKafkaExample({ consumer, topic: "segment", storage: memoryStorage(), sendWelcome });
      const committed = async () => {
        const [topic] = await admin.fetchOffsets({ groupId: "bellwire", topics: ["segment"] });
        return topic?.partitions.find(({ partition }) => partition === 0)?.offset;
      };
      await expect.poll(committed, { timeout: 20_000 }).toBe("4");
      expect(welcomed).toEqual(["ada", "grace"]);
      const { items } = await app.source.events.list({});
      expect(items.map(({ outcome }) => outcome.status).sort()).toEqual(["invalid", "processed", "processed"]);
      await app.close();
      await Promise.all([producer.disconnect(), admin.disconnect()]);
      await broker.stop();
    },
  );
});

it("every example has a README", () => {
  const folders = readdirSync(join(root, "examples"));
  expect(folders.filter((folder) => !existsSync(join(root, "examples", folder, "README.md")))).toEqual([]);
});

describe("examples/knock", () => {
  it("brings users to Knock, and starts a workflow there", async () => {
    const postgres = await startPostgres();
    const knock = engines.find(({ name }) => name === "Knock");
    const engine = await startEngine((request) => knock?.reply(request) ?? { status: 500 });
    const pool = new pg.Pool({ connectionString: postgres.connectionString });
    // A connection that is still closing when the server stops is cut, and pg would end the process otherwise.
    pool.on("error", () => undefined);
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
