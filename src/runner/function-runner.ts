import type { RunContext, StartedRun, WorkflowCancelRequest, WorkflowRunner, WorkflowRunRequest } from "./runner.js";
import { runnerError } from "./runner-error.js";

/** Starts one run. What it throws counts as "unknown whether done" unless it was made by `runnerError`. */
export type WorkflowFunction = (
  run: WorkflowRunRequest,
  context: RunContext,
) => Promise<StartedRun | void> | StartedRun | void;

export interface FunctionRunnerOptions {
  /** Recipients in one call; more are split. @default null, no limit */
  readonly maxRecipients?: number | null;
  /** Needed for triggers with `action: "cancel"`. */
  readonly cancel?: (request: WorkflowCancelRequest, context: RunContext) => Promise<void> | void;
}

/**
 * Runs workflows as plain functions of the host: one for all workflows, or one for each by name.
 *
 * A function cannot tell a repetition, so delivery is at least once: use `context.idempotencyKey` where it matters.
 */
export function functionRunner(
  workflows: WorkflowFunction | Readonly<Record<string, WorkflowFunction>>,
  options: FunctionRunnerOptions = {},
): WorkflowRunner {
  const find = (workflow: string): WorkflowFunction => {
    if (typeof workflows === "function") return workflows;
    const found = Object.hasOwn(workflows, workflow) ? workflows[workflow] : undefined;
    if (found !== undefined) return found;
    const known = Object.keys(workflows).join(", ");
    throw runnerError("permanent", `There is no function for the workflow "${workflow}". There are: ${known}.`);
  };
  const { cancel } = options;
  return {
    capabilities: { maxRecipients: options.maxRecipients ?? null, idempotencyWindowMs: null },
    trigger(request, context) {
      try {
        const returned = find(request.workflow)(ownCopy(request), context);
        // Most functions hand their work on and are done; nothing waits for them.
        return isPromiseLike(returned) ? returned.then(toStarted) : Promise.resolve(toStarted(returned));
      } catch (error) {
        return Promise.reject(error);
      }
    },
    ...(cancel && { cancel: async (request, context) => cancel(request, context) }),
  };
}

/** A function that takes its recipients out of the list one by one must not take them from the next attempt, or from another trigger. */
function ownCopy(request: WorkflowRunRequest): WorkflowRunRequest {
  return { ...request, recipients: [...request.recipients], data: { ...request.data } };
}

function toStarted(returned: StartedRun | void): StartedRun {
  return { workflowRunId: returned?.workflowRunId ?? null };
}

function isPromiseLike(returned: ReturnType<WorkflowFunction>): returned is Promise<StartedRun | void> {
  return typeof returned === "object" && returned !== null && "then" in returned;
}
