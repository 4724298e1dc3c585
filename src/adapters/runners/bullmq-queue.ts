import { handle } from "../../mapping/option-checks.js";

/** What a job is added with. */
export interface BullmqJobOptions {
  jobId?: string;
  attempts: number;
  backoff: { type: "exponential"; delay: number };
  removeOnComplete: boolean | { age: number };
  removeOnFail: boolean | { age: number };
}

/** The part of a `Queue` of `bullmq` (5.x and 6.x) that is used, on Redis or, from 6 on, on PostgreSQL. */
export interface BullmqQueue<Data> {
  add(name: string, data: Data, options: BullmqJobOptions): Promise<{ readonly id?: string | undefined }>;
  addBulk(
    jobs: { name: string; data: Data; opts: BullmqJobOptions }[],
  ): Promise<readonly { readonly id?: string | undefined }[]>;
}

/** The part of a `Job` that is used. */
export interface BullmqJob<Data> {
  readonly data: Data;
  readonly attemptsMade: number;
}

/** Takes the trace of a request along with a job: `openTelemetry().carrier` is one. */
export interface TraceCarrier {
  /** What is written to the job. */
  inject(): Readonly<Record<string, string>>;
  /** Does the work as part of the trace that was written there. */
  run<Value>(written: Readonly<Record<string, string>>, work: () => Promise<Value>): Promise<Value>;
}

export const queueCheck = handle(["add"], 'a Queue of bullmq: new Queue("runs", { connection })');

export const carrierCheck = handle(["inject"], "openTelemetry().carrier");

/** `queue.add` waits without end while the backend is away. */
export async function settleWithin<Value>(
  work: Promise<Value>,
  timeoutMs: number,
  onTimeout: () => Error,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(onTimeout()), timeoutMs);
  });
  try {
    return await Promise.race([work, timedOut]);
  } finally {
    clearTimeout(timer);
  }
}

/** An error that BullMQ does not try again, told by its name. */
export function unrecoverable(error: Error): Error {
  const final = new Error(error.message, { cause: error });
  final.name = "UnrecoverableError";
  return final;
}
