import type { UserOutcome } from "../outcome/outcome.js";
import type { UserUpdate } from "../storage/user-store.js";
import type { UnidentifiedPolicy } from "../triggers/unidentified.js";
import type { UserChange } from "../users/user.js";
import type { EventPlan } from "./plan-event.js";
import type { SourceContext } from "./source-context.js";

export interface IdentifiedUsers {
  /** What became of each event's own identify. */
  readonly outcomes: ReadonlyMap<EventPlan, UserOutcome>;
  /** The id that the user has now, another one after a merge; `null` when storage does not know the user. */
  readonly currentId: (userId: string) => string | null;
  /** Whether this payload created the user because a trigger said so, without attributes. */
  readonly isCreated: (userId: string) => boolean;
  /** Everyone whom this payload told of, and those among them who were not known before. */
  readonly identified: readonly string[];
  readonly created: readonly string[];
  /** Every id of those whom a delete event took out. */
  readonly deleted: readonly string[];
}

/**
 * Brings all users of a payload up to date, then asks which of the other recipients are known: two storage calls at most,
 * whatever the size of the payload, and both before any trigger's run is fixed, so that a track never overtakes its identify.
 */
export async function identifyUsers(
  context: SourceContext,
  environment: string,
  plans: readonly EventPlan[],
): Promise<IdentifiedUsers> {
  const changes: UserChange[] = [];
  const identifies: { readonly plan: EventPlan; readonly index: number }[] = [];
  const { merged, deleted } = await mergeAndDelete(context, environment, plans);
  for (const plan of plans) {
    if (plan.identity?.kind === "change") {
      identifies.push({ plan, index: changes.length });
      changes.push(plan.identity.change);
    }
    for (const change of plan.inline) changes.push(change);
  }
  const identified = new Set(changes.map((change) => change.id));
  const unknown = new Set<string>();
  const created = new Set<string>();
  for (const plan of plans) {
    collectPlainRecipients(plan, context.options.unidentified.kind, (userId, create) => {
      if (identified.has(userId)) return;
      if (!create) {
        unknown.add(userId);
        return;
      }
      identified.add(userId);
      created.add(userId);
      changes.push({ id: userId, at: plan.received.occurredAt, attributes: {} });
    });
  }
  const updates = await update(context, environment, changes);
  // Of users told of by this payload the updates say who they are now; one who was deleted before is not known.
  const current = new Map(
    changes.flatMap(({ id }, index) => {
      const updated = updates[index];
      return updated === undefined || updated.status === "deleted" ? [] : [[id, updated.id] as const];
    }),
  );
  const asked = [...unknown].filter((userId) => !identified.has(userId));
  const known = await lookUp(context, environment, asked);
  const outcomes = new Map<EventPlan, UserOutcome>();
  for (const plan of plans) {
    if (plan.identity?.kind === "merge") outcomes.set(plan, { id: plan.identity.into, status: "merged" });
    if (plan.identity?.kind === "delete") outcomes.set(plan, { id: plan.identity.userId, status: "deleted" });
  }
  // Runs may wait under an id that another one has taken the place of.
  const idsOf = (is: (status: UserUpdate["status"]) => boolean) =>
    updates.flatMap(({ id, status }, index) => (is(status) ? [id, changes[index]?.id ?? id] : []));
  for (const { plan, index } of identifies) {
    const updated = updates[index];
    if (updated !== undefined) outcomes.set(plan, { id: updated.id, status: updated.status });
  }
  return {
    outcomes,
    currentId: (userId) => current.get(userId) ?? known.get(userId) ?? null,
    isCreated: (userId) => created.has(userId),
    identified: [...idsOf((status) => status !== "deleted"), ...merged],
    created: [...idsOf((status) => status === "created"), ...merged],
    deleted,
  };
}

/** One call each, in the order of the events: they are rare. */
async function mergeAndDelete(context: SourceContext, environment: string, plans: readonly EventPlan[]) {
  const { users } = context.options.storage;
  const merged = new Set<string>();
  const deleted = new Set<string>();
  for (const { identity } of plans) {
    if (identity?.kind === "merge") {
      const { from, into } = identity;
      await context.storageCall("users.merge", (signal) => users.merge({ environment, from, into, signal }));
      merged.add(from).add(into);
    }
    if (identity?.kind === "delete") {
      const { userId: id, at } = identity;
      const ids = await context.storageCall("users.delete", (signal) => users.delete({ environment, id, at, signal }));
      for (const each of [id, ...ids]) deleted.add(each);
    }
  }
  return { merged, deleted: [...deleted] };
}

function collectPlainRecipients(
  plan: EventPlan,
  unidentified: UnidentifiedPolicy["kind"],
  add: (userId: string, create: boolean) => void,
): void {
  for (const { trigger, evaluation } of plan.triggers) {
    // Canceling reaches whoever was notified before, known or not.
    if (evaluation.status !== "matched" || trigger.action === "cancel") continue;
    const create = (trigger.unidentified?.kind ?? unidentified) === "create";
    for (const recipient of evaluation.recipients) {
      if (typeof recipient === "string") add(recipient, create);
    }
  }
}

async function update(
  context: SourceContext,
  environment: string,
  changes: readonly UserChange[],
): Promise<readonly UserUpdate[]> {
  if (changes.length === 0) return [];
  const updates = await context.storageCall("users.update", (signal) =>
    context.options.storage.users.update({ environment, changes, signal }),
  );
  if (context.emitter.hasListeners("user")) {
    for (const user of updates) {
      if (user.status !== "unchanged") context.emitter.emit("user", { source: context.options.key, environment, user });
    }
  }
  return updates;
}

async function lookUp(
  context: SourceContext,
  environment: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  return context.storageCall("users.known", (signal) =>
    context.options.storage.users.known({ environment, ids, signal }),
  );
}
