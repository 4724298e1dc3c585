export { type BullmqIngestOptions, bullmqIngest, createIngestProcessor, type IngestJobData } from "./bullmq-ingest.js";
export type { BullmqJob, BullmqJobOptions, BullmqQueue, TraceCarrier } from "./bullmq-queue.js";
export {
  type BullmqRunnerOptions,
  bullmqRunner,
  createRunProcessor,
  type RunJobData,
  type RunProcessorOptions,
} from "./bullmq-runner.js";
