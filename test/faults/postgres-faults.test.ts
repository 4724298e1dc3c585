import { createConnection, createServer, type Socket } from "node:net";
import { createSegmentSource, defineTrigger } from "bellwire";
import { postgresStorage } from "bellwire/postgres";
import { identify, recordingRunner, track } from "bellwire/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningPostgres, startPostgres } from "../support/postgres.js";

let server: RunningPostgres;
const pools: pg.Pool[] = [];
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await server.stop();
});

const connect = (options: pg.PoolConfig = {}) => {
  const pool = new pg.Pool({ connectionString: server.connectionString, max: 10, ...options });
  pool.on("error", () => undefined);
  pools.push(pool);
  return pool;
};
const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const sourceOn = (pool: pg.Pool, schema: string) => {
  const runner = recordingRunner();
  const storage = postgresStorage({ pool, schema });
  const source = createSegmentSource({ storage, runner, triggers: [welcome], storageTimeout: "700ms" });
  return { source, runner, storage };
};
const signUp = (id: string) => [
  identify(id, { plan: "pro" }, { messageId: `i-${id}` }),
  track("Signed Up", {}, { userId: id, messageId: `m-${id}` }),
];
const until = async <Value>(work: () => Promise<Value>): Promise<Value> => {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
};

describe("what PostgreSQL takes back is tried again, and nobody notices", () => {
  it("a deadlock with a transaction of the host's (40P01)", async () => {
    // PostgreSQL looks once, so late that the host has surely come to wait by then.
    const pool = connect({ options: "-c deadlock_timeout=2s" });
    const { storage } = sourceOn(pool, "deadlock");
    await storage.migrate();
    const environment = "default";
    const change = (id: string, name: string) => ({ id, at: new Date(), attributes: { name } });
    await storage.users.update({ environment, changes: [change("a", "A"), change("b", "B")] });

    const host = new pg.Client({ connectionString: server.connectionString, options: "-c deadlock_timeout=30s" });
    await host.connect();
    const lock = (id: string) => host.query(`UPDATE deadlock.bellwire_users SET id = id WHERE id = '${id}'`);
    const before = await deadlocks(host);
    await host.query("BEGIN");
    await lock("b");
    const ours = storage.users.update({ environment, changes: [change("a", "A2"), change("b", "B2")] });
    await expect.poll(() => isWaiting(pool)).toBe(true);
    // The host now waits for us and we for the host: PostgreSQL ends the one that notices first, which is ours.
    await lock("a");
    await host.query("COMMIT");
    expect((await ours).map(({ status }) => status)).toEqual(["updated", "updated"]);
    await expect.poll(() => deadlocks(host), { timeout: 5_000 }).toBeGreaterThan(before);
    await host.end();
  });

  it("serialization failures under SERIALIZABLE (40001)", async () => {
    const { source, storage } = sourceOn(
      connect({ options: "-c default_transaction_isolation=serializable" }),
      "serial",
    );
    await storage.migrate();
    const payload = Array.from({ length: 20 }, (_, index) => signUp(`user-${index}`)).flat();
    const results = await Promise.all(
      Array.from({ length: 8 }, () => until(() => source.handleSegmentPayload(payload))),
    );
    const statuses = results.flatMap(({ events }) => events.map(({ status }) => status));
    expect(statuses.filter((status) => status === "processed")).toHaveLength(40);
    expect((await source.events.names()).map(({ count }) => count)).toEqual([20, 20]);
  });
});

describe("what PostgreSQL refuses for now is refused as something to send again", () => {
  it("a read-only server (25006)", async () => {
    const pool = connect({ max: 1 });
    const { source, runner, storage } = sourceOn(pool, "readonly");
    await storage.migrate();
    await pool.query("SET default_transaction_read_only = on");
    await expect(source.handleSegmentPayload(signUp("ada"))).rejects.toMatchObject({
      code: "STORAGE_FAILED",
      retryable: true,
    });
    expect(runner.runs).toEqual([]);
    await pool.query("SET default_transaction_read_only = off");
    const { events } = await source.handleSegmentPayload(signUp("ada"));
    expect(events.map(({ status }) => status)).toEqual(["processed", "processed"]);
  });

  it("too many connections (53300)", async () => {
    const admin = connect({ max: 1 });
    const { storage } = sourceOn(admin, "crowded");
    await storage.migrate();
    await admin.query("CREATE ROLE few LOGIN PASSWORD 'few' CONNECTION LIMIT 1");
    await admin.query("GRANT ALL ON SCHEMA crowded TO few; GRANT ALL ON ALL TABLES IN SCHEMA crowded TO few");
    const connectionString = server.connectionString.replace("postgres:postgres@", "few:few@");
    const holder = new pg.Client({ connectionString });
    await holder.connect();
    const { source, runner } = sourceOn(connect({ connectionString, max: 1 }), "crowded");
    await expect(source.handleSegmentPayload(signUp("ada"))).rejects.toMatchObject({
      code: "STORAGE_FAILED",
      cause: { code: "53300" },
    });
    expect(runner.runs).toEqual([]);
    await holder.end();
    const { events } = await until(() => source.handleSegmentPayload(signUp("ada")));
    expect(events.map(({ status }) => status)).toEqual(["processed", "processed"]);
  });

  it("a connection that is open and dead: given up in time, and fine once it lives again", async () => {
    const proxy = await startProxy(Number(new URL(server.connectionString).port));
    const url = new URL(server.connectionString);
    url.port = String(proxy.port);
    const { source, runner, storage } = sourceOn(connect({ connectionString: url.href, max: 2 }), "halfopen");
    await storage.migrate();
    proxy.freeze();
    await expect(source.handleSegmentPayload(signUp("ada"))).rejects.toMatchObject({ code: "STORAGE_TIMEOUT" });
    expect(runner.runs).toEqual([]);
    proxy.cut();
    const { events } = await until(() => source.handleSegmentPayload(signUp("ada")));
    expect(events.map(({ status }) => status)).toEqual(["processed", "processed"]);
    expect(runner.runs).toHaveLength(1);
    await proxy.close();
  });
});

async function deadlocks(client: pg.Client): Promise<number> {
  await client.query("SELECT pg_stat_clear_snapshot()");
  const { rows } = await client.query("SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()");
  return rows[0].deadlocks;
}

async function isWaiting(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query("SELECT count(*)::int AS count FROM pg_locks WHERE NOT granted");
  return rows[0].count > 0;
}

/** Stands between a client and a server, and can stop passing anything on without closing. */
async function startProxy(target: number) {
  let frozen = false;
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = createConnection(target, "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on("data", (data) => void (frozen || to.write(data)));
      from.on("close", () => to.destroy());
      from.on("error", () => undefined);
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  const cut = () => {
    frozen = false;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    freeze: () => {
      frozen = true;
    },
    cut,
    close: () => {
      cut();
      return new Promise((resolve) => proxy.close(resolve));
    },
  };
}
