import type { EventReason } from "../core/reasons.js";
import type { ReceivedEvent } from "../segment/event.js";
import { idOf } from "../segment/id-of.js";
import type { NewEvent } from "../storage/storage.js";
import type { FreezeOptions } from "./freeze-options.js";
import type { IdentifiedEvent } from "./identified-event.js";
import type { EventPlan } from "./plan-event.js";

/** Why an event that is valid came to nothing. */
export function whyIgnored(
  plan: EventPlan,
  { ignored }: IdentifiedEvent,
  options: FreezeOptions,
): Pick<NewEvent, "reason" | "decision"> {
  const { type, name } = plan.received;
  const because = (reason: EventReason, message: string) => ({
    reason,
    decision: { detail: { message }, triggers: [] },
  });
  if (ignored !== null) return because(ignored.reason, ignored.message);
  if (type !== "identify" && type !== "alias" && type !== "delete" && type !== "group") {
    return {
      reason: "no_matching_trigger",
      decision: { detail: options.registry.explainNoMatch(type, name), triggers: [] },
    };
  }
  if (!options.identifyEnabled && type !== "delete") {
    const { environment } = options.scope;
    return because(
      "identify_disabled",
      `Identify events are switched off in "${environment}"; environments.update({ identify: true }) switches them on.`,
    );
  }
  if (type === "alias" && namesOne(plan.received)) {
    return because("no_user_id", "The previousId of the alias event is its userId, so there is nothing to merge.");
  }
  return because(type === "group" ? "no_group_id" : "no_user_id", namesNobody[type]);
}

/** As Segment's browser SDK has it after each identify. */
function namesOne({ event, userId }: ReceivedEvent): boolean {
  return userId !== null && idOf(event["previousId"]) === userId;
}

const namesNobody = {
  identify: "The identify event has neither a userId nor an anonymousId.",
  alias: "The alias event names nobody: it needs a userId and a previousId.",
  delete: "The delete event has no userId.",
  group: "The group event has no groupId.",
} as const;
