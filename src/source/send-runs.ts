import type { RunContext, StartedRun, WorkflowRun, WorkflowRunner } from "../runner/runner.js";
import { classifyRunnerFailure, runnerError } from "../runner/runner-error.js";
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

/** Users whom the engine refuses together are sent once more, run by run, so that one whom it does not take is in nobody's way. */
async function syncUsers(
  tasks: readonly RunTask[],
  signal: AbortSignal,
  options: SendRunsOptions,
): Promise<readonly (StartedRun | Error)[]> {
  try {
    await syncTogether(tasks, signal, options);
    return tasks.map(() => ({ workflowRunId: null }));
  } catch (error) {
    if (tasks.length === 1 || classifyRunnerFailure(error).kind !== "permanent") throw error;
  }
  const answers: (StartedRun | Error)[] = [];
  for (const task of tasks) {
    // The time is over for all of them, and nobody waits for the answers any more.
    if (signal.aborted) break;
    answers.push(...(await syncUsers([task], signal, options).catch((error: unknown) => [toError(error)])));
  }
  return answers;
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : runnerError("ambiguous", classifyRunnerFailure(error).message);
}

async function syncTogether(
  tasks: readonly RunTask[],
  signal: AbortSignal,
  { runner, findUsers }: SendRunsOptions,
): Promise<void> {
  if (runner.identify === undefined) throw runnerError("permanent", "The runner does not take users.");
  const ids = [...new Set(tasks.map(requestOf).flatMap(userIdsOf))];
  // Whoever was deleted meanwhile is not brought back.
  const environment = tasks[0]?.run.environment ?? "";
  const users = await findUsers(environment, ids);
  for (let from = 0; from < users.length; from += maxUsers) {
    await runner.identify({ environment, users: users.slice(from, from + maxUsers), signal });
  }
}

function userIdsOf(request: RunRequest): readonly string[] {
  return request.action === "identify" ? request.userIds : [];
}

function toContext(run: RunRecord, signal: AbortSignal): RunContext {
  const { idempotencyKey, environment, source, trigger, messageId } = run;
  return { idempotencyKey, attempt: run.attempts + 1, signal, environment, source, trigger, messageId };
}
