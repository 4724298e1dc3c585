import Knock from "@knocklabs/node";
import { Novu } from "@novu/api";
import Courier from "@trycourier/courier";
import { bullmqIngest, bullmqRunner, createRunProcessor, type IngestJobData, type RunJobData } from "bellwire/bullmq";
import { type CourierClient, courierRunner } from "bellwire/courier";
import { type InngestClient, inngestRunner } from "bellwire/inngest";
import { type KnockClient, knockRunner } from "bellwire/knock";
import { type NovuClient, novuRunner } from "bellwire/novu";
import { Queue as BullQueue, createPostgresBackend, type Queue, type Worker } from "bullmq";
import { Inngest } from "inngest";
import { expectTypeOf, it } from "vitest";

it("the vendors' own clients fit, whatever their version calls them", () => {
  expectTypeOf<Knock>().toExtend<KnockClient>();
  expectTypeOf<Novu>().toExtend<NovuClient>();
  expectTypeOf<Courier>().toExtend<CourierClient>();
  expectTypeOf<Inngest>().toExtend<InngestClient>();
  knockRunner({ client: new Knock({ apiKey: "sk" }) });
  novuRunner({ client: new Novu({ secretKey: "sk" }) });
  courierRunner({ client: new Courier({ apiKey: "sk" }) });
  inngestRunner({ client: new Inngest({ id: "app" }) });
});

it("queues of BullMQ on Redis and on PostgreSQL fit, and a processor fits its worker", () => {
  const compiles = (
    runs: Queue<RunJobData>,
    ingest: Queue<IngestJobData>,
    source: Parameters<typeof bullmqIngest>[0],
    WorkerClass: typeof Worker,
  ) => {
    bullmqRunner({ queue: runs });
    bullmqIngest(source, { queue: ingest });
    const onPostgres = new BullQueue("runs", { connection: { connectionString: "" } }, createPostgresBackend);
    bullmqRunner({ queue: onPostgres });
    return new WorkerClass<RunJobData>("runs", createRunProcessor(bullmqRunner({ queue: runs })), { connection: {} });
  };
  expectTypeOf(compiles).toBeFunction();
});
