import type { RunContext, StartedRun, WorkflowRun, WorkflowRunner } from "../runner/runner.js";
import { runnerError } from "../runner/runner-error.js";
import type { RunRecord } from "../storage/run-store.js";
import type { User } from "../users/user.js";
import type { RunRequest } from "./run-request.js";

/** A run with what it was frozen to. */
export interface SendableRun {
  readonly run: RunRecord;
  readonly request: RunRequest;
}

export interface SendRunsOptions {
  readonly runner: WorkflowRunner;
  readonly findUsers: (environment: string, ids: readonly string[]) => Promise<readonly User[]>;
}

const maxUsers = 100;

/**
 * Makes one attempt with the runs of one group; the answers stand in their order, and a rejection is that of all. A group of one
 * run that is not sent with others is answered by its answer alone.
 */
export function sendRuns(
  runs: readonly SendableRun[],
  signal: AbortSignal,
  options: SendRunsOptions,
): Promise<StartedRun | readonly (StartedRun | Error)[]> {
  const [first] = runs;
  if (first === undefined) return Promise.resolve([]);
  const { run, request } = first;
  const { runner } = options;
  switch (request.action) {
    case "identify":
      return syncUsers(runs, signal, options);
    case "cancel":
      if (runner.cancel === undefined) throw runnerError("permanent", "The runner can not cancel runs.");
      return Promise.resolve(runner.cancel(request, toContext(run, signal))).then(() => ({ workflowRunId: null }));
    case "expand":
      throw new TypeError("not sent: its members are");
    case "trigger":
      if (runner.triggerBatch === undefined) return runner.trigger(request, toContext(run, signal));
      return runner.triggerBatch(runs.flatMap((each) => toWorkflowRun(each, signal)));
  }
}

function toWorkflowRun({ run, request }: SendableRun, signal: AbortSignal): readonly WorkflowRun[] {
  return request.action === "trigger" ? [{ request, context: toContext(run, signal) }] : [];
}

async function syncUsers(
  runs: readonly SendableRun[],
  signal: AbortSignal,
  { runner, findUsers }: SendRunsOptions,
): Promise<readonly StartedRun[]> {
  if (runner.identify === undefined) throw runnerError("permanent", "The runner does not take users.");
  const ids = [...new Set(runs.flatMap(({ request }) => (request.action === "identify" ? request.userIds : [])))];
  // Whoever was deleted meanwhile is not brought back.
  const environment = runs[0]?.run.environment ?? "";
  const users = await findUsers(environment, ids);
  for (let from = 0; from < users.length; from += maxUsers) {
    await runner.identify({ environment, users: users.slice(from, from + maxUsers), signal });
  }
  return runs.map(() => ({ workflowRunId: null }));
}

function toContext(run: RunRecord, signal: AbortSignal): RunContext {
  const { idempotencyKey, environment, source, trigger, messageId } = run;
  return { idempotencyKey, attempt: run.attempts + 1, signal, environment, source, trigger, messageId };
}
