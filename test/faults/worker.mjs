// A worker: handles queued payloads, and works the runs off that come of them.
import { appendFileSync } from "node:fs";
import { Queue, Worker } from "bullmq";
import { bullmqRunner, createIngestProcessor, createRunProcessor } from "../../dist/bullmq.js";
import { createSegmentSource, defineTrigger, functionRunner } from "../../dist/index.js";
import { openBuiltStorage } from "./open-built-storage.mjs";

const plan = JSON.parse(process.argv[2]);
const connection = { ...plan.redis, maxRetriesPerRequest: null };
const limits = { connection, lockDuration: 2_000, stalledInterval: 1_000 };
const source = createSegmentSource({
  environments: { production: { webhookToken: "token-1" } },
  storage: await openBuiltStorage(plan),
  runner: bullmqRunner({ queue: new Queue("runs", { connection }) }),
  triggers: [defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
  lease: "3s",
  runTimeout: "2s",
});
const effect = functionRunner((run, { idempotencyKey }) =>
  appendFileSync(plan.effects, `${idempotencyKey}\t${run.recipients[0]}\n`),
);
for (const worker of [
  new Worker("ingest", createIngestProcessor(source), { ...limits, concurrency: 4 }),
  new Worker("runs", createRunProcessor(effect), { ...limits, concurrency: 20 }),
]) {
  worker.on("error", () => {});
}
process.send({ ready: true });
