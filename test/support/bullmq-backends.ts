import { createPostgresBackend, type Job, Queue, Worker, type WorkerOptions } from "bullmq";
import { startPostgres } from "./postgres.js";
import { hasRedis, startRedis } from "./redis.js";

type WorkerLimits = Pick<Partial<WorkerOptions>, "concurrency" | "stalledInterval" | "lockDuration">;

type Work<Data> = (job: Job<Data>, token?: string, signal?: AbortSignal) => Promise<unknown>;

/** What BullMQ keeps its jobs in. */
export interface Backend {
  /** What a process needs to connect. */
  readonly connection: Record<string, unknown>;
  readonly isPostgres: boolean;
  readonly queue: <Data>(name: string) => Queue<Data>;
  readonly worker: <Data>(name: string, process: Work<Data>, options?: WorkerLimits) => Worker<Data>;
  /** Away for a while, and back with everything it had acknowledged. */
  readonly interrupt: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export const backends: readonly (readonly [name: string, available: boolean, start: () => Promise<Backend>])[] = [
  ["Redis", hasRedis, startOnRedis],
  ["PostgreSQL", true, startOnPostgres],
];

async function startOnRedis(): Promise<Backend> {
  const redis = await startRedis();
  const connection = { host: "127.0.0.1", port: redis.port, maxRetriesPerRequest: null };
  return {
    connection,
    isPostgres: false,
    queue: (name) => quiet(new Queue(name, { connection })),
    worker: (name, process, options = {}) => quiet(new Worker(name, process, { connection, ...options })),
    interrupt: () => redis.restart(1_000),
    stop: redis.stop,
  };
}

async function startOnPostgres(): Promise<Backend> {
  const server = await startPostgres();
  const connection = { connectionString: server.connectionString, migrate: true };
  return {
    connection,
    isPostgres: true,
    // The types of BullMQ tell its backends apart, these tests do not.
    queue: <Data>(name: string) =>
      quiet(new Queue(name, { connection }, createPostgresBackend)) as unknown as Queue<Data>,
    worker: <Data>(name: string, process: Work<Data>, options: WorkerLimits = {}) =>
      quiet(new Worker(name, process, { ...options, connection }, createPostgresBackend)) as unknown as Worker<Data>,
    interrupt: server.restart,
    stop: server.stop,
  };
}

/** BullMQ tells of every lost connection; these tests cut them. */
function quiet<Emitter extends { on(name: "error", listener: () => void): unknown }>(emitter: Emitter): Emitter {
  emitter.on("error", () => undefined);
  return emitter;
}
