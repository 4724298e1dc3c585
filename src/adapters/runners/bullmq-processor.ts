import type { RunContext, StartedRun, WorkflowRunner } from "../../runner/runner.js";
import { classifyRunnerFailure, runnerError } from "../../runner/runner-error.js";
import { type BullmqJob, type TraceCarrier, unrecoverable } from "./bullmq-queue.js";
import type { RunJobData } from "./bullmq-runner.js";

export interface RunProcessorOptions {
  readonly trace?: TraceCarrier | undefined;
}

/**
 * The worker's side: `new Worker(name, createRunProcessor(functionRunner({ … })))`. Hands every job to a runner, which may be any
 * of them. What the runner calls permanent is not tried again. A job that BullMQ hands out a second time because its backend was
 * away when the first one ended is answered from memory, as long as it comes to the same processor within ten minutes; one that
 * comes to another process is done again under the same idempotency key.
 */
export function createRunProcessor(
  runner: WorkflowRunner,
  { trace }: RunProcessorOptions = {},
): (job: BullmqJob<RunJobData>, token?: string, signal?: AbortSignal) => Promise<StartedRun> {
  const recent = createRecentRuns();
  const start = async ({ data, attemptsMade }: BullmqJob<RunJobData>, signal: AbortSignal): Promise<StartedRun> => {
    const context: RunContext = { ...data.context, attempt: attemptsMade + 1, signal };
    const { request } = data;
    if (request.action === "trigger") return runner.trigger(request, context);
    if (runner.cancel === undefined) throw runnerError("permanent", "The runner can not cancel runs.");
    await runner.cancel(request, context);
    return { workflowRunId: null };
  };
  return async (job, _token, signal = new AbortController().signal) => {
    try {
      const work = () => recent.once(job.data.context.idempotencyKey, () => start(job, signal));
      return trace === undefined || job.data.trace === undefined ? await work() : await trace.run(job.data.trace, work);
    } catch (error) {
      const failure = classifyRunnerFailure(error);
      throw failure.kind === "permanent" ? unrecoverable(new Error(failure.message, { cause: error })) : error;
    }
  };
}

const rememberedMs = 10 * 60_000;
const maxRemembered = 10_000;

/** Runs that are at work or were done not long ago. */
function createRecentRuns() {
  const started = new Map<string, { readonly at: number; readonly run: Promise<StartedRun> }>();
  const forget = (before: number) => {
    // In the order of their start, so the first one that is young enough ends the search.
    for (const [key, { at }] of started) {
      if (at >= before && started.size <= maxRemembered) return;
      started.delete(key);
    }
  };
  return {
    /** Does the work, unless the run is at work or done already; a failure is not remembered. */
    once(idempotencyKey: string, work: () => Promise<StartedRun>): Promise<StartedRun> {
      const now = performance.now();
      forget(now - rememberedMs);
      const known = started.get(idempotencyKey);
      if (known !== undefined) return known.run;
      const run = work();
      started.set(idempotencyKey, { at: now, run });
      run.catch(() => started.delete(idempotencyKey));
      return run;
    },
  };
}
