import { BellwireError, configInvalid } from "../core/errors.js";
import { checkOptions, type OptionCheck, type OptionChecks, requireOptions } from "../mapping/option-checks.js";
import {
  capabilitiesOf,
  type IdentifyRequest,
  type RunContext,
  type RunnerCapabilities,
  type StartedRun,
  type WorkflowCancelRequest,
  type WorkflowRun,
  type WorkflowRunner,
} from "./runner.js";
import { runnerError, tooFewAnswers } from "./runner-error.js";

export interface CombineRunnersOptions {
  /** Runners by the name of the workflow. */
  readonly workflows: Readonly<Record<string, WorkflowRunner>>;
  /** For every other workflow. Without it a trigger of another workflow is refused when it is registered. */
  readonly fallback?: WorkflowRunner | undefined;
}

const runner: OptionCheck = (value, name) => {
  if (typeof value === "object" && value !== null && typeof Reflect.get(value, "trigger") === "function") return;
  throw configInvalid(`${name}: is not a runner. Give one, such as functionRunner({ … }).`);
};

const workflows: OptionCheck = (value, name) => {
  requireOptions(value, name, "{ welcome: functionRunner(…) }");
  for (const [workflow, taken] of Object.entries(value)) runner(taken, `${name}.${workflow}`);
};

const combineChecks: OptionChecks<CombineRunnersOptions> = { workflows, fallback: runner };

/**
 * Hands each run to the runner of its workflow: some to Knock, say, and some to functions. Users are told to every runner that
 * takes them.
 *
 * @throws `CONFIG_INVALID` when there is no runner at all, or one that is none
 */
export function combineRunners(options: CombineRunnersOptions): WorkflowRunner {
  requireOptions(options, "combineRunners", "{ workflows: { welcome: functionRunner(…) } }");
  checkOptions(options, combineChecks, { at: "combineRunners: " });
  const { workflows = {}, fallback } = options;
  const all = [...new Set([...Object.values(workflows), ...(fallback === undefined ? [] : [fallback])])];
  const [first] = all;
  if (first === undefined) throw configInvalid("combineRunners: names no runner; give workflows or fallback.");
  const find = (workflow: string): WorkflowRunner => {
    const found = Object.hasOwn(workflows, workflow) ? workflows[workflow] : fallback;
    if (found !== undefined) return found;
    const known = Object.keys(workflows).join(", ");
    throw new BellwireError({
      code: "CONFIG_TRIGGER_INVALID",
      message: `No runner takes the workflow "${workflow}": combineRunners has ${known}, and no fallback.`,
    });
  };
  const forgetting = all.filter((runner) => runner.forget !== undefined);
  const syncing = all.filter((runner) => runner.identify !== undefined);
  return {
    capabilities: narrowest(all.map((runner) => runner.capabilities)),
    capabilitiesOf: (workflow) => {
      const runner = find(workflow);
      const capabilities = capabilitiesOf(runner, workflow);
      return runner.cancel === undefined ? { ...capabilities, cancels: false } : capabilities;
    },
    trigger: async (request, context) => await findStill(request.workflow).trigger(request, context),
    ...(all.some((runner) => runner.triggerBatch !== undefined) && {
      triggerBatch: (runs: readonly WorkflowRun[]) => triggerEach(runs, findStill),
    }),
    ...(all.some((runner) => runner.cancel !== undefined) && { cancel }),
    ...(syncing.length > 0 && { identify: (request) => identifyAll(syncing, request) }),
    ...(forgetting.length > 0 && {
      forget: async (request) => {
        await Promise.all(forgetting.map((runner) => runner.forget?.(request)));
      },
    }),
  };

  /** A run of a workflow that was there when it was planned, and is gone: nobody can send it. */
  function findStill(workflow: string): WorkflowRunner {
    try {
      return find(workflow);
    } catch (cause) {
      throw runnerError("permanent", `No runner takes the workflow "${workflow}" any more.`, { cause });
    }
  }

  async function cancel(request: WorkflowCancelRequest, context: RunContext): Promise<void> {
    const runner = findStill(request.workflow);
    if (runner.cancel === undefined)
      throw runnerError("permanent", `The runner of "${request.workflow}" can not cancel runs.`);
    await runner.cancel(request, context);
  }
}

async function identifyAll(runners: readonly WorkflowRunner[], request: IdentifyRequest): Promise<void> {
  await Promise.all(runners.map((runner) => runner.identify?.(request)));
}

/** Runs of one runner go together where it takes several at once; a runner that fails fails its own runs only. */
async function triggerEach(
  runs: readonly WorkflowRun[],
  find: (workflow: string) => WorkflowRunner,
): Promise<readonly (StartedRun | Error)[]> {
  const answers = new Map<WorkflowRun, StartedRun | Error>();
  const groups = new Map<WorkflowRunner, WorkflowRun[]>();
  for (const run of runs) {
    try {
      const runner = find(run.request.workflow);
      groups.set(runner, [...(groups.get(runner) ?? []), run]);
    } catch (error) {
      answers.set(run, toError(error));
    }
  }
  const start = async ([runner, members]: readonly [WorkflowRunner, readonly WorkflowRun[]]) => {
    const started = await startAll(runner, members);
    for (const [index, run] of members.entries()) answers.set(run, started[index] ?? tooFewAnswers());
  };
  await Promise.all([...groups].map(start));
  return runs.map((run) => answers.get(run) ?? tooFewAnswers());
}

async function startAll(
  runner: WorkflowRunner,
  runs: readonly WorkflowRun[],
): Promise<readonly (StartedRun | Error)[]> {
  if (runner.triggerBatch === undefined) {
    return Promise.all(runs.map(async (run) => runner.trigger(run.request, run.context).catch(toError)));
  }
  try {
    return await runner.triggerBatch(runs);
  } catch (error) {
    return runs.map(() => toError(error));
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : runnerError("ambiguous", `The runner rejected with ${typeof error}.`);
}

function narrowest(capabilities: readonly RunnerCapabilities[]): RunnerCapabilities {
  const smallest = (values: readonly (number | null)[]) => {
    const numbers = values.filter((value) => value !== null);
    return numbers.length === 0 ? null : Math.min(...numbers);
  };
  return {
    maxRecipients: smallest(capabilities.map((each) => each.maxRecipients)),
    idempotencyWindowMs: smallest(capabilities.map((each) => each.idempotencyWindowMs)),
  };
}
