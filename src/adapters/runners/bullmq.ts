export { type BullmqIngestOptions, bullmqIngest, createIngestProcessor, type IngestJobData } from "./bullmq-ingest.js";
export { createRunProcessor, type RunProcessorOptions } from "./bullmq-processor.js";
export type { BullmqJob, BullmqJobOptions, BullmqQueue, TraceCarrier } from "./bullmq-queue.js";
export { type BullmqRunnerOptions, bullmqRunner, type RunJobData } from "./bullmq-runner.js";
