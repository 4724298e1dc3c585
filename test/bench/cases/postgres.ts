import { monitorEventLoopDelay } from "node:perf_hooks";
import { postgresStorage } from "bellwire/postgres";
import { Queue } from "bullmq";
import pg from "pg";
import { startPostgres } from "../../support/postgres.js";
import { hasRedis, startRedis } from "../../support/redis.js";
import { byHandOnPostgres } from "../by-hand-durable.js";
import {
  createBareTable,
  createDatabaseGlue,
  elapsedUs,
  type FreshEvent,
  freshEvents,
  inParallel,
  startDurable,
  toBatch,
} from "../durable-contestants.js";
import type { Bench, BenchCase } from "../measure.js";

const connections = 32;
/** A connection plans a prepared statement for its first five calls anew. */
const untilPlanned = 15;
const atOnce = 64;

/** As PostgreSQL is delivered: what is acknowledged is on the disk. */
export async function startDatabase() {
  const server = await startPostgres(["max_wal_size=4GB"]);
  const pools: pg.Pool[] = [];
  /**
   * For each contestant one of its own, as each would have in its host: of one for all, it would come by those connections that the one
   * before it left behind, on which none of its statements is planned.
   */
  const openPool = () => {
    const pool = new pg.Pool({ connectionString: server.connectionString, max: connections, idleTimeoutMillis: 0 });
    // Connections that the server closes first, at the end.
    pool.on("error", () => undefined);
    pools.push(pool);
    return pool;
  };
  const storage = postgresStorage({ pool: openPool() });
  await storage.migrate();
  return {
    openPool,
    storage,
    close: async () => {
      await Promise.all(pools.map((pool) => pool.end()));
      await server.stop();
    },
  };
}

/** Work on events that nobody has seen before, and how long it takes for as many as a round counts. */
function timed(
  name: string,
  role: BenchCase["role"],
  { counted, of = counted }: { readonly counted: number; readonly of?: number },
  work: (events: readonly FreshEvent[]) => Promise<unknown>,
): BenchCase {
  return {
    name,
    role,
    prepare: async () => {
      const events = freshEvents(of);
      return async () => ((await elapsedUs(() => work(events))) * counted) / of;
    },
  };
}

export async function postgresBatch(): Promise<Bench> {
  const { openPool, storage, close } = await startDatabase();
  const bare = await createBareTable(openPool());
  const glue = await createDatabaseGlue(openPool());
  const byHand = await byHandOnPostgres(openPool());
  const handle = await startDurable(storage);
  const counted = 1_000;
  return {
    title: "PostgreSQL: a batch of 1,000 × 3 recipients, looked up, recorded, dispatched, settled",
    operations: counted,
    cases: [
      timed("one bulk INSERT", "floor", { counted }, bare.insertMany),
      timed("bellwire", "us", { counted }, (events) => handle(toBatch(events), counted)),
      timed("glue, 32 connections", "peer", { counted, of: 200 }, (events) => inParallel(connections, events, glue)),
      timed("the least by hand", "peer", { counted }, (events) => byHand(toBatch(events), counted)),
    ],
    goals: { floors: 1 / 0.4, peers: { "glue, 32 connections": 15 } },
    close,
  };
}

/** 64 webhooks with one event each at the same time. */
export async function postgresSingles(dispatch: "inline" | "background"): Promise<Bench> {
  const { openPool, storage, close } = await startDatabase();
  const bare = await createBareTable(openPool());
  const glue = await createDatabaseGlue(openPool());
  const byHand = await byHandOnPostgres(openPool(), { dispatch });
  const listedByHand = await byHandOnPostgres(openPool(), { dispatch, isListed: true });
  const handle = await startDurable(storage, dispatch);
  const bullmq = await startBullmq();
  const counted = 1_024;
  const each = (work: (event: FreshEvent) => Promise<unknown>) => (events: readonly FreshEvent[]) =>
    inParallel(atOnce, events, work);
  return {
    title: `PostgreSQL: 64 webhooks with one event each at the same time, ${dispatch}`,
    operations: counted,
    cases: [
      timed("an INSERT each", "floor", { counted }, each(bare.insertOne)),
      timed(
        "bellwire",
        "us",
        { counted },
        each(({ text }) => handle(text, 1)),
      ),
      timed("glue", "peer", { counted, of: 128 }, each(glue)),
      timed(
        "the least by hand",
        "peer",
        { counted },
        each(({ text }) => byHand(text, 1)),
      ),
      timed(
        "by hand, with our lists",
        "peer",
        { counted },
        each(({ text }) => listedByHand(text, 1)),
      ),
      ...(bullmq === null ? [] : [timed("BullMQ add", "peer", { counted }, each(bullmq.add))]),
    ],
    warmUps: untilPlanned,
    goals: dispatch === "inline" ? { floors: 1, peers: { glue: 4 } } : { floors: 1 / 1.8 },
    close: async () => {
      await bullmq?.close();
      await close();
    },
  };
}

export async function postgresOneAtATime(): Promise<Bench> {
  const { openPool, storage, close } = await startDatabase();
  const bare = await createBareTable(openPool());
  const byHand = await byHandOnPostgres(openPool(), { dispatch: "background" });
  const background = await startDurable(storage, "background");
  const counted = 300;
  const each = (work: (event: FreshEvent) => Promise<unknown>) => (events: readonly FreshEvent[]) =>
    inParallel(1, events, work);
  return {
    title: "PostgreSQL: one webhook with one event at a time, background",
    operations: counted,
    cases: [
      timed("an INSERT each", "floor", { counted }, each(bare.insertOne)),
      timed(
        "bellwire",
        "us",
        { counted },
        each(({ text }) => background(text, 1)),
      ),
      timed(
        "the least by hand",
        "peer",
        { counted },
        each(({ text }) => byHand(text, 1)),
      ),
    ],
    warmUps: untilPlanned,
    goals: { floors: 1 / 0.85 },
    close,
  };
}

/** What people put between the webhook and the work; Redis keeps what it acknowledged, as PostgreSQL does. */
async function startBullmq() {
  if (!hasRedis) return null;
  const redis = await startRedis();
  const queue = new Queue("events", { connection: { host: "127.0.0.1", port: redis.port } });
  return {
    add: ({ messageId, event }: FreshEvent) => queue.add("event", event, { jobId: messageId }),
    close: async () => {
      await queue.close();
      await redis.stop();
    },
  };
}

/** The most that Segment sends at once. The limits stand as the floor, so that no more than one of it is what is wanted. */
export async function postgresLargePayload(): Promise<Bench> {
  const { storage, close } = await startDatabase();
  const handle = await startDurable(storage);
  const limit = (name: string, ms: number): BenchCase => ({ name, role: "floor", prepare: async () => () => ms });
  const slowest: BenchCase = {
    name: "the slowest answer of 20",
    role: "us",
    prepare: async () => async () => {
      let slowestUs = 0;
      for (let turn = 0; turn < 20; turn += 1) {
        const payload = toBatch(freshEvents(4_000).map(toShort));
        slowestUs = Math.max(slowestUs, await elapsedUs(() => handle(payload, 4_000)));
      }
      return slowestUs / 1_000;
    },
  };
  return {
    title: "PostgreSQL: payloads of 4,000 events and 4.7 MB",
    operations: 1,
    unit: "ms",
    cases: [limit("the limit", 1_500), slowest],
    goals: { floors: 1 },
    rounds: 3,
    close,
  };
}

export async function postgresLargePayloadBlocks(): Promise<Bench> {
  const { storage, close } = await startDatabase();
  const handle = await startDurable(storage);
  return {
    title: "PostgreSQL: how long payloads of 4,000 events and 4.7 MB keep the event loop from others, at most",
    operations: 1,
    unit: "ms",
    cases: [
      { name: "the limit", role: "floor", prepare: async () => () => 100 },
      {
        name: "the longest block",
        role: "us",
        prepare: async () => {
          const payload = toBatch(freshEvents(4_000).map(toShort));
          return async () => {
            const delay = monitorEventLoopDelay({ resolution: 1 });
            delay.enable();
            await new Promise((resolve) => setTimeout(resolve, 20));
            delay.reset();
            await handle(payload, 4_000);
            delay.disable();
            return delay.max / 1e6;
          };
        },
      },
    ],
    goals: { floors: 1 },
    rounds: 9,
    close,
  };
}

/** 1,180 bytes: 4,000 of them are 4.7 MB. */
function toShort({ event, messageId }: FreshEvent): FreshEvent {
  const { userAgent: _agent, page: _page, campaign: _campaign, traits: _traits, ...context } = event.context;
  const { integrations: _none, originalTimestamp: _at, ...short } = event;
  const text = JSON.stringify({ ...short, context });
  return {
    messageId,
    event,
    text: `${text.slice(0, -1)},"padding":"${"x".repeat(Math.max(0, 1_165 - text.length))}"}`,
  };
}
