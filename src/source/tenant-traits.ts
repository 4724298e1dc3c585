import { capabilitiesOf, type WorkflowRunner, type WorkflowRunRequest } from "../runner/runner.js";
import type { EventPlan } from "./plan-event.js";
import type { SourceContext } from "./source-context.js";

type Tenant = WorkflowRunRequest["tenant"];

const none: ReadonlySet<string> = new Set();

export function asItIs(tenant: Tenant): Tenant {
  return tenant;
}

/**
 * The groups that are the tenants of a payload's runs, where the runner takes more of a tenant than its id. A tenant that the trigger
 * describes by itself stays as it is.
 */
export function tenantsOf({ options: { runner } }: SourceContext, plans: readonly EventPlan[]): ReadonlySet<string> {
  if (runner.capabilitiesOf === undefined && runner.capabilities.tenantTraits !== true) return none;
  const ids = new Set<string>();
  for (const { triggers } of plans) {
    for (const { trigger, evaluation } of triggers) {
      if (evaluation.status !== "matched" || typeof evaluation.tenant !== "string") continue;
      if (takesTraits(runner, trigger.workflow)) ids.add(evaluation.tenant);
    }
  }
  return ids;
}

function takesTraits(runner: WorkflowRunner, workflow: string): boolean {
  return capabilitiesOf(runner, workflow).tenantTraits === true;
}

/**
 * Looks these groups up with one storage call.
 * @returns what the runner of a workflow is told of a tenant
 */
export async function findTenants(
  { options: { runner, storage }, storageCall }: SourceContext,
  environment: string,
  ids: ReadonlySet<string>,
): Promise<(tenant: Tenant, workflow: string) => Tenant> {
  const found = await storageCall("groups.find", (signal) =>
    storage.groups.find({ environment, ids: [...ids], signal }),
  );
  const groups = new Map(found.map((group) => [group.id, group]));
  return (tenant, workflow) => {
    if (typeof tenant !== "string" || !takesTraits(runner, workflow)) return tenant;
    const { traits = {} } = groups.get(tenant) ?? {};
    return Object.keys(traits).length === 0 ? tenant : { ...traits, id: tenant };
  };
}
