import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createSegmentSource, defineEvent, defineTrigger, functionRunner, memoryStorage, runnerError } from "bellwire";
import { segmentWebhook as expressWebhook } from "bellwire/express";
import { segmentWebhook as fastifyWebhook } from "bellwire/fastify";
import { segmentWebhook as fetchWebhook } from "bellwire/fetch";
import { segmentWebhook as koaWebhook } from "bellwire/koa";
import { postgresStorage } from "bellwire/postgres";
import { sqliteStorage } from "bellwire/sqlite";
import { manualClock, runnerConformance, signSegmentPayload, storageConformance } from "bellwire/testing";

const require = createRequire(import.meta.url);
const isBun = "Bun" in globalThis;
const checks = [];
const check = (group, name, run) => checks.push({ group, name, run });

function same(actual, expected) {
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    throw new Error(`${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
}

for (const subpath of process.env.SUBPATHS.split(",")) {
  check("imports", subpath, async () => {
    const names = (library) => Object.keys(library).filter((name) => name !== "default" && name !== "module.exports");
    const imported = names(await import(subpath)).sort();
    if (imported.length === 0) throw new Error("nothing is exported");
    same(names(require(subpath)).sort(), imported);
  });
}

const storages = {
  memory: (clock) => ({ storage: memoryStorage({ clock }) }),
  libsql: onSqlite(() => import("libsql").then(({ default: Database }) => new Database(":memory:"))),
};
if (isBun)
  storages["bun:sqlite"] = onSqlite(() => import("bun:sqlite").then(({ Database }) => new Database(":memory:")));
const builtIn = await import("node:sqlite").catch(() => null);
if (builtIn !== null) storages["node:sqlite"] = onSqlite(() => new builtIn.DatabaseSync(":memory:"));

const { default: pg } = await import("pg");
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
let schemas = 0;
storages["PostgreSQL"] = async () => {
  schemas += 1;
  const storage = postgresStorage({ pool, schema: `${process.env.SCHEMA}_${schemas}` });
  await storage.migrate();
  return { storage, realTime: true };
};

function onSqlite(open) {
  return async (clock) => {
    const database = await open();
    const storage = sqliteStorage({ database, clock });
    await storage.migrate();
    return { storage, close: () => database.close() };
  };
}

for (const [name, make] of Object.entries(storages)) {
  const cases = storageConformance(async () => {
    const clock = manualClock(new Date());
    const { storage, realTime = false, close = () => undefined } = await make(clock);
    const advance = realTime ? (ms) => new Promise((resolve) => setTimeout(resolve, ms)) : (ms) => clock.advance(ms);
    return { storage, advance, dispose: close };
  });
  for (const { name: title, run } of cases) check(name, title, run);
}

const runnerCases = runnerConformance(
  () => {
    const received = [];
    const failures = [];
    const idOf = (recipient) => (typeof recipient === "string" ? recipient : recipient.id);
    const runner = functionRunner({
      greet: (run, { idempotencyKey }) => {
        if (failures.length > 0) throw failures.shift();
        const { workflow, data } = run;
        received.push({
          workflow,
          recipients: run.recipients.map(idOf),
          idempotencyKey,
          data,
          text: JSON.stringify(run),
        });
      },
    });
    const failNext = (kind) => void failures.push(runnerError(kind === "silence" ? "ambiguous" : kind, "no"));
    return { runner, workflow: "greet", received: () => received, failNext, dispose: () => undefined };
  },
  { takesActor: true, takesTenant: true },
);
for (const { name, run } of runnerCases) check("runner", name, run);

const event = { type: "track", event: "Signed Up", userId: "ada", properties: { plan: "pro" } };

for (const [name, make] of Object.entries({
  zod: async () => {
    const { z } = await import("zod");
    return z.object({ plan: z.string() });
  },
  valibot: async () => {
    const v = await import("valibot");
    return v.object({ plan: v.string() });
  },
  arktype: async () => {
    const { type } = await import("arktype");
    return type({ plan: "string" });
  },
})) {
  check("schemas", name, async () => {
    const signedUp = defineEvent("Signed Up", await make());
    const welcome = defineTrigger({ key: "w", event: signedUp, workflow: "w", recipients: () => [{ id: "ada" }] });
    const source = createSegmentSource({
      storage: memoryStorage(),
      runner: functionRunner(() => undefined),
      triggers: [welcome],
    });
    const bad = { ...event, properties: { plan: 1 } };
    const { events } = await source.handleSegmentPayload([event, bad]);
    same(
      events.map(({ triggers }) => triggers[0]?.reason ?? triggers[0]?.status),
      ["triggered", "schema_mismatch"],
    );
  });
}

const mount = "/webhooks/segment";
/** Each gives a server's listener, or answers requests itself. */
const servers = {
  express: (source) => require("express")().post(`${mount}/:environment/:token`, expressWebhook(source)),
  "express 4": (source) => require("express4")().post(`${mount}/:environment/:token`, expressWebhook(source)),
  koa: (source) => new (interop(require("koa")))().use(koaWebhook(source)).callback(),
  "koa 2": (source) => new (interop(require("koa2")))().use(koaWebhook(source)).callback(),
  fastify: (source) => viaFastify(interop(require("fastify")), source),
  "fastify 4": (source) => viaFastify(interop(require("fastify4")), source),
  hono: async (source) => {
    const { Hono } = await import("hono");
    const { getRequestListener } = await import("@hono/node-server");
    const handle = fetchWebhook(source);
    const app = new Hono().post(`${mount}/:environment/:token`, (c) => handle(c.req.raw, { params: c.req.param() }));
    // Its own Response, put in place of the global one, is not one that Bun.serve can read.
    return getRequestListener(app.fetch, { overrideGlobalObjects: false });
  },
};
if (isBun) servers["Bun.serve"] = (source) => ({ fetch: fetchWebhook(source) });

function interop(module) {
  return module.default ?? module;
}

async function viaFastify(fastify, source) {
  let listener;
  const app = fastify({
    serverFactory: (handler) => {
      listener = handler;
      return createServer(handler);
    },
  });
  await app.register(fastifyWebhook(source), { prefix: mount });
  await app.ready();
  return listener;
}

async function listen(server) {
  if (typeof server === "object") {
    const running = globalThis.Bun.serve({ port: 0, hostname: "127.0.0.1", ...server });
    return { port: running.port, close: () => running.stop(true) };
  }
  const http = createServer(server);
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  return { port: http.address().port, close: () => new Promise((resolve) => http.close(resolve)) };
}

for (const [name, make] of Object.entries(servers)) {
  check("servers", name, async () => {
    const sent = [];
    const source = createSegmentSource({
      environments: { production: { webhookToken: "t", sharedSecrets: ["s"] } },
      storage: memoryStorage(),
      runner: functionRunner((run) => void sent.push(run.recipients)),
      unidentified: "create",
      triggers: [defineTrigger({ key: "w", event: "Signed Up", workflow: "w", recipients: "userId" })],
    });
    const { port, close } = await listen(await make(source));
    const body = JSON.stringify(event);
    const post = (secret) =>
      fetch(`http://127.0.0.1:${port}${mount}/production/t`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", "x-signature": signSegmentPayload(body, secret) },
      });
    const statuses = [(await post("s")).status, (await post("other")).status];
    await close();
    same([statuses, sent], [[200, 401], [["ada"]]]);
  });
}

const tally = {};
const failed = [];
for (const { group, name, run } of checks) {
  tally[group] ??= [0, 0];
  tally[group][1] += 1;
  try {
    await run();
    tally[group][0] += 1;
  } catch (error) {
    failed.push(`${group}: ${name}: ${error?.stack ?? error}`);
  }
}
await pool.end();
console.log(JSON.stringify({ tally, failed }));
process.exit(0);
