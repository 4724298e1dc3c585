import { createSegmentSource, functionRunner, type WorkflowFunction } from "bellwire";
import { bullmqRunner, createIngestProcessor, createRunProcessor, type RunJobData } from "bellwire/bullmq";
import { type ConnectionOptions, Queue, Worker } from "bullmq";
import { type Shared, sourceOptions } from "./shared.js";

export interface Deps extends Shared {
  readonly connection: ConnectionOptions;
  /** Stands for whatever sends the notification. */
  readonly sendWelcome: WorkflowFunction;
}

/** Handles queued payloads, and works off the runs that come of them. Any number of these too. */
export async function start({ connection, sendWelcome, ...shared }: Deps) {
  const runs = new Queue<RunJobData>("notifications", { connection });
  const source = createSegmentSource(await sourceOptions(shared, bullmqRunner({ queue: runs })));
  const process = createRunProcessor(functionRunner({ welcome: sendWelcome }));
  const workers = [
    new Worker("segment", createIngestProcessor(source), { connection, concurrency: 4 }),
    new Worker("notifications", process, { connection, concurrency: 50 }),
  ];
  return {
    source,
    close: async () => {
      for (const worker of workers) await worker.close();
      await runs.close();
      await source.close();
    },
  };
}
