import type { RunContext, StartedRun, WorkflowRun, WorkflowRunner } from "../runner/runner.js";
import { runnerError } from "../runner/runner-error.js";
import type { RunRecord } from "../storage/run-store.js";
import type { User } from "../users/user.js";
import type { RunRequest } from "./run-request.js";
import { type RunTask, requestOf } from "./run-task.js";

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
  tasks: readonly RunTask[],
  signal: AbortSignal,
  options: SendRunsOptions,
): Promise<StartedRun | readonly (StartedRun | Error)[]> {
  const first = tasks[0];
  if (first === undefined) return Promise.resolve([]);
  const { run } = first;
  const request = requestOf(first);
  const { runner } = options;
  switch (request.action) {
    case "identify":
      return syncUsers(tasks, signal, options);
    case "cancel":
      if (runner.cancel === undefined) throw runnerError("permanent", "The runner can not cancel runs.");
      return Promise.resolve(runner.cancel(request, toContext(run, signal))).then(() => ({ workflowRunId: null }));
    case "expand":
      throw new TypeError("not sent: its members are");
    case "trigger":
      if (runner.triggerBatch === undefined) return runner.trigger(request, toContext(run, signal));
      return runner.triggerBatch(tasks.flatMap((each) => toWorkflowRun(each, signal)));
  }
}

function toWorkflowRun(task: RunTask, signal: AbortSignal): readonly WorkflowRun[] {
  const request = requestOf(task);
  return request.action === "trigger" ? [{ request, context: toContext(task.run, signal) }] : [];
}

async function syncUsers(
  tasks: readonly RunTask[],
  signal: AbortSignal,
  { runner, findUsers }: SendRunsOptions,
): Promise<readonly StartedRun[]> {
  if (runner.identify === undefined) throw runnerError("permanent", "The runner does not take users.");
  const ids = [...new Set(tasks.map(requestOf).flatMap(userIdsOf))];
  // Whoever was deleted meanwhile is not brought back.
  const environment = tasks[0]?.run.environment ?? "";
  const users = await findUsers(environment, ids);
  for (let from = 0; from < users.length; from += maxUsers) {
    await runner.identify({ environment, users: users.slice(from, from + maxUsers), signal });
  }
  return tasks.map(() => ({ workflowRunId: null }));
}

function userIdsOf(request: RunRequest): readonly string[] {
  return request.action === "identify" ? request.userIds : [];
}

function toContext(run: RunRecord, signal: AbortSignal): RunContext {
  const { idempotencyKey, environment, source, trigger, messageId } = run;
  return { idempotencyKey, attempt: run.attempts + 1, signal, environment, source, trigger, messageId };
}
