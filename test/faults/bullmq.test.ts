import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSegmentSource, defineTrigger, functionRunner, memoryStorage } from "bellwire";
import { bullmqRunner, createRunProcessor, type RunJobData } from "bellwire/bullmq";
import { identify, track } from "bellwire/testing";
import { afterAll, describe, expect, it } from "vitest";
import { backends } from "../support/bullmq-backends.js";
import { openStorage } from "../support/fault-storage.js";
import { linesOf } from "../support/lines.js";
import { startPostgres } from "../support/postgres.js";
import { hasRedis, startRedis } from "../support/redis.js";

/** Few in every run of the tests; 20,000 with `npm run test:faults`. */
const events = Number(process.env["EVENTS"] ?? 2_000);
const folder = mkdtempSync(join(tmpdir(), "bellwire-bullmq-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const signUp = (id: number) => [
  identify(`user-${id}`, { plan: "pro" }, { messageId: `i-${id}` }),
  track("Signed Up", {}, { userId: `user-${id}`, messageId: `m-${id}` }),
];
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(backends)("BullMQ on %s", (name, available, start) => {
  it.skipIf(!available)(
    `away in the middle of ${events / 2} events${available ? "" : " (this machine has no redis-server)"}: nothing hangs, nothing is lost, and nothing is done twice`,
    async () => {
      const backend = await start();
      const queue = backend.queue<RunJobData>("runs");
      await queue.waitUntilReady();
      const effects = new Map<string, number>();
      const worker = backend.worker<RunJobData>(
        "runs",
        createRunProcessor(
          functionRunner(
            (_, { idempotencyKey }) => void effects.set(idempotencyKey, (effects.get(idempotencyKey) ?? 0) + 1),
          ),
        ),
        { concurrency: 20, lockDuration: 5_000, stalledInterval: 2_000 },
      );
      const source = createSegmentSource({
        storage: memoryStorage(),
        runner: bullmqRunner({ queue, timeoutMs: 400 }),
        triggers: [defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
        lease: "2s",
        runTimeout: "1s",
      });
      let refused = 0;
      let slowest = 0;
      const deliver = async (from: number) => {
        const payload = Array.from({ length: 25 }, (_, index) => signUp(from + index)).flat();
        for (;;) {
          const before = Date.now();
          const { retryable } = await source.handleSegmentPayload(payload);
          slowest = Math.max(slowest, Date.now() - before);
          if (!retryable) return;
          refused += 1;
          await wait(100);
        }
      };
      const total = Math.ceil(events / 50) * 25;
      let interruption: Promise<void> | null = null;
      for (let from = 0; from < total; from += 25) {
        if (from >= total / 3) interruption ??= backend.interrupt();
        await deliver(from);
      }
      await interruption;
      await expect.poll(() => effects.size, { timeout: 60_000 }).toBe(total);
      const repeated = [...effects.values()].filter((count) => count > 1).length;
      console.log(
        `BullMQ on ${name}: ${total} runs, ${refused} deliveries refused and repeated, slowest answer ${slowest} ms, ${repeated} worked off twice, 0 lost`,
      );
      expect(repeated).toBe(0);
      expect(slowest).toBeLessThan(4_000);
      await worker.close();
      await queue.close();
      await backend.stop();
    },
    120_000 + events * 20,
  );
});

describe("two processes that receive and two that work, on one Redis and one PostgreSQL", () => {
  it.skipIf(!hasRedis)(
    `${events} events, one worker killed half-way${hasRedis ? "" : " (this machine has no redis-server)"}: each run is done, under one key`,
    async () => {
      const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
      const target = { database: postgres.connectionString, schema: "bullmq" };
      const { storage, close } = openStorage(target);
      await storage.migrate();
      const effects = join(folder, "effects");
      const plan = { ...target, effects, redis: { host: "127.0.0.1", port: redis.port } };
      const receivers = await Promise.all([0, 1].map(() => startProcess("receiver.mjs", plan)));
      const workers = await Promise.all([0, 1].map(() => startProcess("worker.mjs", plan)));

      const total = events / 2;
      let next = 0;
      let killed = false;
      const lane = async (number: number) => {
        const port = receivers[number % 2]?.message["port"];
        while (next < total) {
          const ids = Array.from({ length: Math.min(50, total - next) }, (_, index) => next + index);
          next += ids.length;
          if (next > total / 2 && !killed) {
            killed = true;
            workers[0]?.child.kill("SIGKILL");
          }
          const response = await fetch(`http://127.0.0.1:${port}/webhooks/segment/production/token-1`, {
            method: "POST",
            body: JSON.stringify(ids.flatMap(signUp)),
          });
          expect(response.status).toBe(200);
        }
      };
      await Promise.all([0, 1, 2, 3].map(lane));
      const keys = () => new Map(linesOf(effects).map((line) => line.split("\t") as [string, string]));
      await expect.poll(() => keys().size, { timeout: 60_000 + events * 5, interval: 250 }).toBe(total);
      expect(new Set(keys().values()).size).toBe(total);
      const repeated = linesOf(effects).length - total;
      const page = await storage.events.list({ environment: "production", status: "in_progress", limit: 1 });
      expect(page.items).toEqual([]);
      console.log(
        `${events} events through 2 receivers and 2 workers, 1 worker killed: ${total} runs, ${repeated} worked off twice, 0 lost`,
      );
      expect(repeated).toBeLessThanOrEqual(40);
      await Promise.all([...receivers, ...workers].map(({ stop }) => stop()));
      await close();
      await Promise.all([redis.stop(), postgres.stop()]);
    },
    120_000 + events * 20,
  );
});

interface RunningProcess {
  readonly child: ChildProcess;
  readonly message: Readonly<Record<string, unknown>>;
  readonly stop: () => Promise<void>;
}

function startProcess(file: string, plan: object): Promise<RunningProcess> {
  const child = fork(fileURLToPath(new URL(`./${file}`, import.meta.url)), [JSON.stringify(plan)]);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = () => {
    child.kill("SIGKILL");
    return exited;
  };
  return new Promise((resolve, reject) => {
    child.once("message", (message: Record<string, unknown>) => resolve({ child, message, stop }));
    child.once("exit", (code) => reject(new Error(`${file} ended with ${code}`)));
  });
}
