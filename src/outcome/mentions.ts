import type { EventDecision } from "./decision.js";

/** Whether a decision names a user, as a recipient or as whom the event was about. */
export function mentionsUser({ user, triggers }: EventDecision, userId: string): boolean {
  if (user?.id === userId) return true;
  return triggers.some(({ recipients }) => recipients.some(({ recipient }) => recipient === userId));
}
