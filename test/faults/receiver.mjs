// A process that only receives: it authenticates, puts payloads in the queue and answers.
import { createServer } from "node:http";
import { Queue } from "bullmq";
import { bullmqIngest, bullmqRunner } from "../../dist/bullmq.js";
import { segmentWebhook } from "../../dist/express.js";
import { createSegmentSource, memoryStorage } from "../../dist/index.js";

const plan = JSON.parse(process.argv[2]);
const connection = { ...plan.redis, maxRetriesPerRequest: null };
const queue = new Queue("ingest", { connection });
// Neither its storage nor its runner is used by a process that only receives.
const source = createSegmentSource({
  environments: { production: { webhookToken: "token-1" } },
  storage: memoryStorage(),
  runner: bullmqRunner({ queue }),
});
const handle = segmentWebhook(bullmqIngest(source, { queue }));
const server = createServer((request, response) =>
  handle(request, response, (error) => response.writeHead(500).end(String(error))),
);
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
