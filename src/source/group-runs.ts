import type { WorkflowRunner } from "../runner/runner.js";
import type { RunTask } from "./run-task.js";

/** Runs that are sent with one call. */
export interface RunGroups {
  /** Users to bring to the engine, which comes first: a run may need them there. */
  readonly identify: readonly (readonly RunTask[])[];
  readonly others: readonly (readonly RunTask[])[];
  /** Not sent themselves: the members of a group take their place. */
  readonly expand: readonly RunTask[];
}

const maxGroupSize = 100;
const noGroups: RunGroups["others"] = [];

export function groupRuns(claimed: readonly RunTask[], runner: WorkflowRunner): RunGroups {
  // One call each, and nothing else: what most runners and most payloads come to.
  if (runner.triggerBatch === undefined && claimed.every(({ run }) => run.action === "trigger"))
    return { identify: noGroups, others: claimed.map((each) => [each]), expand: [] };
  const identify: RunTask[] = [];
  const batched: RunTask[] = [];
  const alone: RunTask[][] = [];
  const expand: RunTask[] = [];
  for (const each of claimed) {
    const { action } = each.run;
    if (action === "identify") identify.push(each);
    else if (action === "expand") expand.push(each);
    else if (action === "trigger" && runner.triggerBatch !== undefined) batched.push(each);
    else alone.push([each]);
  }
  return { identify: slices(identify), others: [...slices(batched), ...alone], expand };
}

function slices(runs: readonly RunTask[]): readonly (readonly RunTask[])[] {
  const count = Math.ceil(runs.length / maxGroupSize);
  return Array.from({ length: count }, (_, index) => runs.slice(index * maxGroupSize, (index + 1) * maxGroupSize));
}
