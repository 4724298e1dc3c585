import type { VisitorUpdate } from "../storage/user-store.js";
import type { IdentifiedEvent } from "./identified-event.js";
import type { EventPlan } from "./plan-event.js";
import type { SourceContext } from "./source-context.js";

/** Keeps what those say who are not signed in: one storage call, none when nobody does. */
export async function updateVisitors(
  { options, storageCall }: SourceContext,
  environment: string,
  plans: readonly EventPlan[],
): Promise<ReadonlyMap<EventPlan, Pick<IdentifiedEvent, "user" | "ignored">>> {
  const told = plans.flatMap((plan) => (plan.identity?.kind === "visitor" ? [{ plan, ...plan.identity }] : []));
  if (told.length === 0) return new Map();
  const { users } = options.storage;
  const changes = told.map(({ change }) => change);
  const updates =
    users.updateVisitors === undefined
      ? []
      : await storageCall(
          "users.updateVisitors",
          async (signal) => (await users.updateVisitors?.({ environment, changes, signal })) ?? [],
        );
  return new Map(told.map(({ plan, change }, index) => [plan, outcomeOf(change.anonymousId, updates[index])]));
}

function outcomeOf(anonymousId: string, updated: VisitorUpdate | undefined): Pick<IdentifiedEvent, "user" | "ignored"> {
  switch (updated?.status) {
    case "kept":
      return { user: { id: anonymousId, status: "anonymous" }, ignored: null };
    case "folded":
      return { user: { id: updated.userId ?? anonymousId, status: "updated" }, ignored: null };
    case "late":
      return { user: null, ignored: { reason: "said_after_sign_in", message: saidAfterSignIn } };
    case "deleted":
      return { user: null, ignored: { reason: "user_deleted", message: "What was said until then was erased." } };
    case undefined:
      return { user: null, ignored: { reason: "no_user_id", message: "The users store keeps nothing of visitors." } };
  }
}

const saidAfterSignIn =
  "Somebody had signed in under this anonymousId before, so who says it now is not known, and nothing is kept. Call analytics.reset() on sign-out.";
