import type { UserOutcome } from "../outcome/outcome.js";
import type { UserUpdate } from "../storage/user-store.js";
import type { UnidentifiedPolicy } from "../triggers/unidentified.js";
import type { UserChange } from "../users/user.js";
import type { EventPlan } from "./plan-event.js";
import type { SourceContext } from "./source-context.js";

export interface IdentifiedUsers {
  /** What became of each event's own identify. */
  readonly outcomes: ReadonlyMap<EventPlan, UserOutcome>;
  /** Whether storage knows the user now. */
  readonly isKnown: (userId: string) => boolean;
  /** Whether this payload created the user because a trigger said so, without attributes. */
  readonly isCreated: (userId: string) => boolean;
  /** Everyone whom this payload told of, and those among them who were not known before. */
  readonly identified: readonly string[];
  readonly created: readonly string[];
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
  for (const plan of plans) {
    if (plan.identify !== null) {
      identifies.push({ plan, index: changes.length });
      changes.push(plan.identify);
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
  const asked = [...unknown].filter((userId) => !identified.has(userId));
  const known = await lookUp(context, environment, asked);
  const outcomes = new Map<EventPlan, UserOutcome>();
  for (const { plan, index } of identifies) {
    const updated = updates[index];
    if (updated !== undefined) outcomes.set(plan, { id: updated.id, status: updated.status });
  }
  return {
    outcomes,
    isKnown: (userId) => identified.has(userId) || known.has(userId),
    isCreated: (userId) => created.has(userId),
    identified: updates.filter(({ status }) => status !== "deleted").map(({ id }) => id),
    created: updates.filter(({ status }) => status === "created").map(({ id }) => id),
  };
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
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  return context.storageCall("users.known", (signal) =>
    context.options.storage.users.known({ environment, ids, signal }),
  );
}
