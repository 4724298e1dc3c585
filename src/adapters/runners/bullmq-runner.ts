import { type Duration, durationToMs } from "../../core/duration.js";
import { BellwireError } from "../../core/errors.js";
import {
  aboveZeroOrNull,
  anything,
  checkOptions,
  milliseconds,
  number,
  type OptionChecks,
} from "../../mapping/option-checks.js";
import type {
  RunContext,
  StartedRun,
  WorkflowCancelRequest,
  WorkflowRun,
  WorkflowRunner,
  WorkflowRunRequest,
} from "../../runner/runner.js";
import { classifyRunnerFailure, runnerError } from "../../runner/runner-error.js";
import {
  type BullmqJobOptions,
  type BullmqQueue,
  carrierCheck,
  queueCheck,
  settleWithin,
  type TraceCarrier,
} from "./bullmq-queue.js";

/** What a job carries: a run as it was planned, and where it comes from. */
export interface RunJobData {
  readonly request: WorkflowRunRequest | WorkflowCancelRequest;
  readonly context: Omit<RunContext, "signal" | "attempt">;
  readonly trace?: Readonly<Record<string, string>>;
}

export interface BullmqRunnerOptions {
  readonly queue: BullmqQueue<RunJobData>;
  /** Attempts of the worker. @default 10 */
  readonly attempts?: number | undefined;
  /** Wait before the second attempt; doubled for each further one. Milliseconds. @default 1,000 */
  readonly backoffMs?: number | undefined;
  /**
   * How long ended jobs are kept. A job is recognized as a repetition as long as it is kept, so this is also how long an attempt
   * to add it whose outcome is unknown may be repeated.
   * @default "24h"
   */
  readonly retention?: Duration | undefined;
  /** How long to wait for the backend, which BullMQ itself does without end. Milliseconds. @default 5,000 */
  readonly timeoutMs?: number | undefined;
  /** Recipients in one job; more are split. @default null, no limit */
  readonly maxRecipients?: number | null | undefined;
  readonly trace?: TraceCarrier | undefined;
}

const runnerChecks: OptionChecks<BullmqRunnerOptions> = {
  queue: queueCheck,
  attempts: number,
  backoffMs: number,
  retention: anything,
  timeoutMs: milliseconds,
  maxRecipients: aboveZeroOrNull,
  trace: carrierCheck,
};

/**
 * Hands runs to BullMQ, one job each: workers on any machine do the rest. The job's id is the idempotency key.
 * @throws `CONFIG_INVALID`
 */
export function bullmqRunner(options: BullmqRunnerOptions): WorkflowRunner {
  checkOptions(options, runnerChecks, { at: "bullmqRunner: ", required: ["queue"] });
  const { queue, attempts = 10, backoffMs = 1_000, timeoutMs = 5_000, maxRecipients = null, trace } = options;
  const retentionMs = durationToMs(options.retention ?? "24h", "retention");
  const kept = { age: Math.ceil(retentionMs / 1_000) };
  const toJob = (request: RunJobData["request"], context: RunContext) => {
    const { idempotencyKey, environment, source, trigger, messageId } = context;
    const data: RunJobData = {
      request,
      context: { idempotencyKey, environment, source, trigger, messageId },
      ...(trace && { trace: trace.inject() }),
    };
    const opts: BullmqJobOptions = {
      jobId: idempotencyKey,
      attempts,
      backoff: { type: "exponential", delay: backoffMs },
      removeOnComplete: kept,
      removeOnFail: kept,
    };
    return { name: request.workflow, data, opts };
  };
  const within = <Value>(work: Promise<Value>): Promise<Value> =>
    settleWithin(work, timeoutMs, () =>
      runnerError("ambiguous", `BullMQ did not take the job within ${timeoutMs} ms: is its backend up?`),
    );
  const add = async (request: RunJobData["request"], context: RunContext): Promise<StartedRun> => {
    const { name, data, opts } = toJob(request, context);
    try {
      return toStarted(await within(queue.add(name, data, opts)));
    } catch (error) {
      throw notAdded(error);
    }
  };
  const addAlone = ({ request, context }: WorkflowRun): Promise<StartedRun | Error> =>
    add(request, context).catch(notAdded);
  return {
    capabilities: { maxRecipients, idempotencyWindowMs: retentionMs },
    trigger: add,
    cancel: async (request, context) => void (await add(request, context)),
    async triggerBatch(runs: readonly WorkflowRun[]) {
      const jobs = runs.map(({ request, context }) => toJob(request, context));
      try {
        return (await within(queue.addBulk(jobs))).map(toStarted);
      } catch (error) {
        // A backend that is away is away for each of them.
        if (BellwireError.is(error)) throw notAdded(error);
        // One job that can not be stored keeps all from being: each by itself fails alone. What was added is known by its id.
        return Promise.all(runs.map(addAlone));
      }
    },
  };
}

function toStarted({ id }: { readonly id?: string | undefined }): StartedRun {
  return { workflowRunId: id ?? null };
}

function notAdded(error: unknown): BellwireError {
  if (BellwireError.is(error)) return error;
  const { message } = classifyRunnerFailure(error);
  return runnerError("ambiguous", `BullMQ could not add the job: ${message}`, { cause: error });
}
