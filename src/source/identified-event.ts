import type { EventReason } from "../core/reasons.js";
import type { GroupOutcome, UserOutcome } from "../outcome/outcome.js";

/** What became of what an event says about who somebody is. */
export interface IdentifiedEvent {
  readonly user: UserOutcome | null;
  readonly group: GroupOutcome | null;
  /** Why it came to nothing. */
  readonly ignored: { readonly reason: EventReason; readonly message: string } | null;
}
