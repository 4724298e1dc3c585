import type { GroupOutcome, UserOutcome } from "../outcome/outcome.js";
import type { Recipient } from "../recipients/recipient.js";
import { recipientKey } from "../recipients/recipient-key.js";
import type { UserUpdate } from "../storage/user-store.js";
import type { CompiledTrigger } from "../triggers/compile-trigger.js";
import type { UnidentifiedPolicy } from "../triggers/unidentified.js";
import type { UserChange } from "../users/user.js";
import { eraseUser } from "./erase-user.js";
import type { IdentifiedEvent } from "./identified-event.js";
import { type KnownRecipients, knownUsers, knowRecipients } from "./known-users.js";
import { mergeUsers } from "./merge-users.js";
import type { EventPlan } from "./plan-event.js";
import type { SourceContext } from "./source-context.js";
import { updateGroups } from "./update-groups.js";
import { updateVisitors } from "./update-visitors.js";

export interface IdentifiedUsers {
  readonly of: (plan: EventPlan) => IdentifiedEvent;
  /** The id that the user has now, another one after a merge; `null` when storage does not know the user. */
  readonly currentId: (userId: string) => string | null;
  /** Of whom else the payload names. */
  readonly recipients: KnownRecipients;
  /** Whether this payload created the user because a trigger said so, without attributes. */
  readonly isCreated: (userId: string) => boolean;
  /** Everyone whom this payload told of, and those among them who were not known before. */
  readonly identified: readonly string[];
  readonly created: readonly string[];
  /** Every id of those whom a delete event took out. */
  readonly deleted: readonly string[];
}

/**
 * Brings all users of a payload up to date, then asks which of the other recipients are known, or leaves that to `record`: two storage
 * calls at most, whatever the size of the payload, and both before any trigger's run is fixed, so that a track never overtakes its identify.
 * Visitors and groups cost one call more each, merges and deletions one each.
 */
export async function identifyUsers(
  context: SourceContext,
  environment: string,
  plans: readonly EventPlan[],
): Promise<IdentifiedUsers> {
  // Most events say nothing of who somebody is.
  const tells = plans.some(({ identity }) => identity !== null);
  const only = tells ? null : onlyList(plans, context.options.unidentified.kind);
  if (only !== null) return untold(await knowRecipients(context, environment, { ids: only, plans }));
  const collected = collectChanges(context, plans);
  if (!tells && collected.changes.length === 0)
    return untold(await knowRecipients(context, environment, { ids: collected.asked, plans }));
  return updateUsers(context, environment, { plans, tells, collected });
}

interface ToldOfUsers {
  readonly plans: readonly EventPlan[];
  /** Whether an event says who somebody is, and not only a recipient. */
  readonly tells: boolean;
  readonly collected: CollectedChanges;
}

async function updateUsers(
  context: SourceContext,
  environment: string,
  { plans, tells, collected }: ToldOfUsers,
): Promise<IdentifiedUsers> {
  const { merged, deleted, refused } = tells ? await mergeAndDelete(context, environment, plans) : noneMerged;
  const visitors = tells ? await updateVisitors(context, environment, plans) : noVisitors;
  const { changes, identifies, created, asked } =
    refused.size === 0 ? collected : collectChanges(context, plans, refused);
  const updates = await update(context, environment, changes);
  // Of users told of by this payload the updates say who they are now; one who was deleted before is not known.
  const current = new Map(
    changes.flatMap(({ id }, index) => {
      const updated = updates[index];
      return updated === undefined || updated.status === "deleted" ? [] : [[id, updated.id] as const];
    }),
  );
  const recipients = await knowRecipients(context, environment, { ids: asked, plans });
  const currentId = (userId: string) => current.get(userId) ?? recipients.currentId(userId) ?? null;
  const groups = tells ? await updateGroups(context, environment, { plans, currentId }) : noGroups;
  // Runs may wait under an id that another one has taken the place of.
  const idsOf = (is: (status: UserUpdate["status"]) => boolean) =>
    updates.flatMap(({ id, status }, index) => (is(status) ? [id, changes[index]?.id ?? id] : []));
  return {
    of: (plan) => {
      const visitor = visitors.get(plan);
      const index = identifies.get(plan);
      const user = index === undefined ? (visitor?.user ?? changeOfIds(plan)) : (updates[index] ?? null);
      const ignored = whyNotMerged(context, plan, refused) ?? visitor?.ignored ?? null;
      return {
        user: plan.identity?.kind === "merge" && ignored ? null : user,
        group: groups.get(plan) ?? null,
        ignored,
      };
    },
    currentId,
    recipients,
    isCreated: (userId) => created.has(userId),
    identified: [...idsOf((status) => status !== "deleted"), ...merged],
    created: [...idsOf((status) => status === "created"), ...merged],
    deleted,
  };
}

/** Of a payload that says nothing of who somebody is. */
function untold(recipients: KnownRecipients): IdentifiedUsers {
  return {
    of: ofNobody,
    currentId: (userId) => recipients.currentId(userId) ?? null,
    recipients,
    isCreated: never,
    identified: noIds,
    created: noIds,
    deleted: noIds,
  };
}

const noIds: readonly string[] = [];
const aboutNobody: IdentifiedEvent = { user: null, group: null, ignored: null };
const ofNobody = () => aboutNobody;
const never = () => false;

const noVisitors: ReadonlyMap<EventPlan, Pick<IdentifiedEvent, "user" | "ignored">> = new Map();
const noGroups: ReadonlyMap<EventPlan, GroupOutcome> = new Map();
const noPlans: ReadonlySet<EventPlan> = new Set();
const noneMerged: MergedAndDeleted = { merged: new Set(), deleted: noIds, refused: noPlans };

const unsupportedAlias = {
  reason: "alias_unsupported",
  message: "The users store has no merge, so an alias event changes nobody.",
} as const;

const lateAlias = {
  reason: "user_deleted",
  message: "One of the two ids was deleted after the alias was said, so it changes nobody.",
} as const;

function whyNotMerged({ options }: SourceContext, plan: EventPlan, refused: ReadonlySet<EventPlan>) {
  if (plan.identity?.kind !== "merge") return null;
  if (options.storage.users.merge === undefined) return unsupportedAlias;
  return refused.has(plan) ? lateAlias : null;
}

function changeOfIds({ identity }: EventPlan): UserOutcome | null {
  if (identity?.kind === "merge") return { id: identity.into, status: "merged" };
  return identity?.kind === "delete" ? { id: identity.userId, status: "deleted" } : null;
}

interface CollectedChanges {
  readonly changes: readonly UserChange[];
  /** Places of the events' own changes. */
  readonly identifies: ReadonlyMap<EventPlan, number>;
  readonly created: ReadonlySet<string>;
  /** Whom the changes do not tell of. */
  readonly asked: readonly string[];
}

/** @param refused aliases that came to nothing */
function collectChanges({ options }: SourceContext, plans: readonly EventPlan[], refused = noPlans): CollectedChanges {
  const changes: UserChange[] = [];
  const identifies = new Map<EventPlan, number>();
  for (const plan of plans) {
    const { identity, inline } = plan;
    if (identity?.kind === "change") {
      identifies.set(plan, changes.length);
      changes.push(identity.change);
    }
    if (identity?.kind === "merge" && options.storage.users.updateVisitors !== undefined && !refused.has(plan)) {
      // What a visitor said becomes theirs, whichever of the two is heard of first.
      changes.push({ id: identity.into, at: identity.at, attributes: {}, anonymousId: identity.from });
    }
    for (const change of inline) changes.push(change);
  }
  const identified = new Set<string>();
  for (const { id } of changes) identified.add(id);
  const unknown = new Set<string>();
  const created = new Set<string>();
  for (const plan of plans) {
    if (plan.identity?.kind === "group" && plan.identity.member !== null) unknown.add(plan.identity.member);
    collectPlainRecipients(plan, options.unidentified.kind, (userId, create) => {
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
  return { changes, identifies, created, asked: [...unknown].filter((userId) => !identified.has(userId)) };
}

interface MergedAndDeleted {
  /** Ids of users who are known. */
  readonly merged: ReadonlySet<string>;
  readonly deleted: readonly string[];
  /** Aliases of somebody who was deleted since. */
  readonly refused: ReadonlySet<EventPlan>;
}

/** One call each, in the order of the events: they are rare. */
async function mergeAndDelete(
  context: SourceContext,
  environment: string,
  plans: readonly EventPlan[],
): Promise<MergedAndDeleted> {
  const merged = new Set<string>();
  const deleted = new Set<string>();
  const refused = new Set<EventPlan>();
  for (const plan of plans) {
    const { identity } = plan;
    if (identity?.kind === "merge" && context.options.storage.users.merge !== undefined) {
      if (await mergeUsers(context, environment, identity)) {
        if (await isKnownOnceMerged(context, environment, identity.into)) merged.add(identity.from).add(identity.into);
      } else refused.add(plan);
    }
    if (identity?.kind === "delete") {
      const { userId: id, at } = identity;
      const { gone } = await eraseUser(context, environment, { id, at, sparesLater: true });
      for (const each of gone) deleted.add(each);
    }
  }
  return { merged, deleted: [...deleted], refused };
}

/** A store that ties visitors to users is told of the user right after; another one may know neither of the two. */
async function isKnownOnceMerged(context: SourceContext, environment: string, id: string): Promise<boolean> {
  if (context.options.storage.users.updateVisitors !== undefined) return true;
  return (await knownUsers(context, environment, [id])).size > 0;
}

/**
 * The ids that the one event of a payload notifies, or cancels for, where all its triggers have the same ones: distinct already, so that
 * nothing has to be collected. `null` for any other payload.
 */
function onlyList(plans: readonly EventPlan[], unidentified: UnidentifiedPolicy["kind"]): readonly string[] | null {
  const plan = plans[0];
  if (plan === undefined || plans.length > 1 || plan.inline.length > 0) return null;
  let only: readonly Recipient[] = noIds;
  for (const { trigger, evaluation } of plan.triggers) {
    if (evaluation.status !== "matched" || evaluation.recipients.length === 0) continue;
    const isOther = only !== noIds && only !== evaluation.recipients;
    if (isOther || trigger.excludeActor || creates(trigger, unidentified)) return null;
    only = evaluation.recipients;
  }
  return areIds(only) ? only : null;
}

function areIds(recipients: readonly Recipient[]): recipients is readonly string[] {
  return recipients.every((recipient) => typeof recipient === "string");
}

/** Canceling reaches whoever was notified before, known or not. */
function creates({ action, unidentified }: CompiledTrigger, ofSource: UnidentifiedPolicy["kind"]): boolean {
  return action !== "cancel" && (unidentified?.kind ?? ofSource) === "create";
}

function collectPlainRecipients(
  plan: EventPlan,
  unidentified: UnidentifiedPolicy["kind"],
  add: (userId: string, create: boolean) => void,
): void {
  for (const { trigger, evaluation } of plan.triggers) {
    if (evaluation.status !== "matched") continue;
    const create = creates(trigger, unidentified);
    // A recipient may be the actor by another id. Nobody is created for having done something.
    const actor = trigger.excludeActor && evaluation.actor !== null ? recipientKey(evaluation.actor) : null;
    if (typeof actor === "string") add(actor, false);
    for (const recipient of evaluation.recipients) {
      // Inline users are told of by themselves, but not where they are only canceled for.
      const id = trigger.action === "cancel" ? recipientKey(recipient) : recipient;
      if (typeof id === "string") add(id, create);
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
