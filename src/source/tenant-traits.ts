import { capabilitiesOf, type WorkflowRunRequest } from "../runner/runner.js";
import type { EventPlan } from "./plan-event.js";
import type { SourceContext } from "./source-context.js";

type Tenant = WorkflowRunRequest["tenant"];

/**
 * Looks up the groups that are the tenants of a payload's runs, where the runner takes more of a tenant than its id: one storage call,
 * none without such tenants. A tenant that the trigger describes by itself stays as it is.
 *
 * @returns what the runner of a workflow is told of a tenant
 */
export async function findTenants(
  { options: { runner, storage }, storageCall }: SourceContext,
  environment: string,
  plans: readonly EventPlan[],
): Promise<(tenant: Tenant, workflow: string) => Tenant> {
  const takesTraits = (workflow: string) => capabilitiesOf(runner, workflow).tenantTraits === true;
  const ids = new Set<string>();
  for (const { triggers } of plans) {
    for (const { trigger, evaluation } of triggers) {
      if (evaluation.status !== "matched" || typeof evaluation.tenant !== "string") continue;
      if (takesTraits(trigger.workflow)) ids.add(evaluation.tenant);
    }
  }
  if (ids.size === 0) return (tenant) => tenant;
  const found = await storageCall("groups.find", (signal) =>
    storage.groups.find({ environment, ids: [...ids], signal }),
  );
  const groups = new Map(found.map((group) => [group.id, group]));
  return (tenant, workflow) => {
    if (typeof tenant !== "string" || !takesTraits(workflow)) return tenant;
    const { traits = {} } = groups.get(tenant) ?? {};
    return Object.keys(traits).length === 0 ? tenant : { ...traits, id: tenant };
  };
}
