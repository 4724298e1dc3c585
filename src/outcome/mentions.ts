import type { EventDecision } from "./decision.js";

/** Whether a decision names a user by one of the ids, as a recipient or as whom the event was about. */
export function mentionsUser({ user, triggers }: EventDecision, userIds: ReadonlySet<string>): boolean {
  if (user && userIds.has(user.id)) return true;
  return triggers.some(({ recipients }) =>
    recipients.some(({ recipient }) => typeof recipient === "string" && userIds.has(recipient)),
  );
}
