import type { AddressInfo } from "node:net";
import { createSegmentSource } from "bellwire";
import { bullmqIngest, bullmqRunner, type IngestJobData } from "bellwire/bullmq";
import { segmentWebhook } from "bellwire/fastify";
import { type ConnectionOptions, Queue } from "bullmq";
import Fastify from "fastify";
import { type Shared, sourceOptions } from "./shared.js";

export interface Deps extends Shared {
  readonly port: number;
  readonly connection: ConnectionOptions;
}

/** Authenticates, puts the body in the queue and answers. Any number of these, on any number of machines. */
export async function start({ port, connection, ...shared }: Deps) {
  const ingest = new Queue<IngestJobData>("segment", { connection });
  const runs = new Queue("notifications", { connection });
  const source = createSegmentSource(await sourceOptions(shared, bullmqRunner({ queue: runs })));
  const app = Fastify();
  await app.register(segmentWebhook(bullmqIngest(source, { queue: ingest })), { prefix: "/webhooks/segment" });
  await app.listen({ port, host: "127.0.0.1" });
  return {
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    close: async () => {
      await app.close();
      await ingest.close();
      await runs.close();
    },
  };
}
