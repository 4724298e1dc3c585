import type { GroupOutcome } from "../outcome/outcome.js";
import type { EventPlan } from "./plan-event.js";
import type { SourceContext } from "./source-context.js";

export interface GroupEvents {
  readonly plans: readonly EventPlan[];
  readonly currentId: (userId: string) => string | null;
}

/** Brings the groups and memberships of a payload's group events up to date: one storage call, none without such events. */
export async function updateGroups(
  { options, storageCall }: SourceContext,
  environment: string,
  { plans, currentId }: GroupEvents,
): Promise<ReadonlyMap<EventPlan, GroupOutcome>> {
  const told = plans.flatMap((plan) => (plan.identity?.kind === "group" ? [{ plan, ...plan.identity }] : []));
  if (told.length === 0) return new Map();
  const changes = told.map(({ change }) => change);
  const memberships = told.flatMap(({ change, member }) => {
    if (member === null) return [];
    return [{ groupId: change.id, userId: currentId(member) ?? member, isMember: true, at: change.at }];
  });
  const updates = await storageCall("groups.update", (signal) =>
    options.storage.groups.update({ environment, changes, memberships, signal }),
  );
  return new Map(told.flatMap(({ plan }, index) => (updates[index] === undefined ? [] : [[plan, updates[index]]])));
}
