import { BellwireError, configInvalid } from "../core/errors.js";
import { aboveZeroOrNull, callback, checkOptions, type OptionChecks } from "../mapping/option-checks.js";
import { nearestOf } from "../mapping/similarity.js";
import type { RunContext, StartedRun, WorkflowCancelRequest, WorkflowRunner, WorkflowRunRequest } from "./runner.js";
import { runnerError } from "./runner-error.js";

/** Starts one run. What it throws counts as "unknown whether done" unless it was made by `runnerError`. */
export type WorkflowFunction = (
  run: WorkflowRunRequest,
  context: RunContext,
) => Promise<StartedRun | void> | StartedRun | void;

export interface FunctionRunnerOptions {
  /** Recipients in one call; more are split. @default null, no limit */
  readonly maxRecipients?: number | null | undefined;
  /** Needed for triggers with `action: "cancel"`. */
  readonly cancel?: ((request: WorkflowCancelRequest, context: RunContext) => Promise<void> | void) | undefined;
}

const runnerChecks: OptionChecks<FunctionRunnerOptions> = { maxRecipients: aboveZeroOrNull, cancel: callback };

/**
 * Runs workflows as plain functions of the host: one for all workflows, or one for each by name.
 *
 * A function cannot tell a repetition, so delivery is at least once: use `context.idempotencyKey` where it matters.
 *
 * Of functions by name, a trigger of another workflow is refused when it is registered.
 *
 * @throws `CONFIG_INVALID` without a function
 */
export function functionRunner(
  workflows: WorkflowFunction | Readonly<Record<string, WorkflowFunction>>,
  options: FunctionRunnerOptions = {},
): WorkflowRunner {
  checkFunctions(workflows);
  checkOptions(options, runnerChecks, { at: "functionRunner: " });
  const isKnown = (workflow: string) => typeof workflows === "function" || Object.hasOwn(workflows, workflow);
  const find = (workflow: string): WorkflowFunction => {
    const found = typeof workflows === "function" ? workflows : isKnown(workflow) ? workflows[workflow] : undefined;
    // A run that was planned before its function was taken out: nobody can send it.
    if (found === undefined) throw runnerError("permanent", noFunction(workflow, workflows));
    return found;
  };
  const { cancel } = options;
  const capabilities = { maxRecipients: options.maxRecipients ?? null, idempotencyWindowMs: null };
  return {
    capabilities,
    capabilitiesOf(workflow) {
      if (isKnown(workflow)) return capabilities;
      throw new BellwireError({ code: "CONFIG_TRIGGER_INVALID", message: noFunction(workflow, workflows) });
    },
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

function checkFunctions(workflows: unknown): void {
  if (typeof workflows === "function") return;
  if (typeof workflows !== "object" || workflows === null) {
    throw configInvalid(
      "functionRunner: takes a function, or functions by the name of their workflow: functionRunner({ welcome: (run) => … }).",
    );
  }
  for (const [name, workflow] of Object.entries(workflows)) callback(workflow, `functionRunner: ${name}`);
}

function noFunction(workflow: string, workflows: object): string {
  const known = Object.keys(workflows);
  const nearest = nearestOf(workflow, known);
  const hint = nearest === null ? "" : ` Did you mean ${nearest}?`;
  return `There is no function for the workflow "${workflow}".${hint} There are: ${known.join(", ")}.`;
}

function toStarted(returned: StartedRun | void): StartedRun {
  return { workflowRunId: returned?.workflowRunId ?? null };
}

function isPromiseLike(returned: ReturnType<WorkflowFunction>): returned is Promise<StartedRun | void> {
  return typeof returned === "object" && returned !== null && "then" in returned;
}
