import type { RecipientReason, TriggerReason } from "../core/reasons.js";
import { formatExplanation } from "../outcome/format-explanation.js";
import type { EventOutcome, PayloadResult, TriggerOutcome } from "../outcome/outcome.js";
import { recipientName } from "../recipients/recipient-key.js";

/** What a matcher answers; understood by `expect.extend` of vitest and jest. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** For `declare module "vitest" { interface Matchers<T = any> extends BellwireMatchers<T> {} }`. */
export interface BellwireMatchers<Result = unknown> {
  /** The trigger ran, for exactly these recipients where they are given, in any order. */
  toHaveTriggered(trigger: string, expected?: { readonly recipients?: readonly string[] }): Result;
  /** The trigger did not run; for this reason, or with a recipient left out for it, where one is given. */
  toHaveSkipped(trigger: string, reason?: TriggerReason | RecipientReason): Result;
}

/**
 * `expect.extend(bellwireMatchers)`: what `handleSegmentPayload` or `preview` answered is checked by trigger, and when the check
 * fails, the message is the explanation of every event.
 */
export const bellwireMatchers = {
  toHaveTriggered(
    received: PayloadResult,
    trigger: string,
    { recipients }: { readonly recipients?: readonly string[] } = {},
  ): MatcherResult {
    const found = outcomesOf(received, trigger);
    const sent = found.filter(({ status }) => status === "triggered" || status === "pending");
    const told = sent.flatMap(recipientsOf);
    const wanted = recipients ?? told;
    const pass = sent.length > 0 && sameSet(told, wanted);
    const who = recipients === undefined ? "" : ` for ${recipients.join(", ")}`;
    const got = sent.length > 0 ? `It ran for ${told.join(", ") || "nobody"}.` : whatElse(received, found);
    return answer(pass, `${JSON.stringify(trigger)} to have run${who}`, received, got);
  },
  toHaveSkipped(received: PayloadResult, trigger: string, reason?: string): MatcherResult {
    const found = outcomesOf(received, trigger);
    const isSkipped = (outcome: TriggerOutcome) =>
      outcome.status === "skipped" && (reason === undefined || outcome.reason === reason);
    const pass = found.some((outcome) => isSkipped(outcome) || leavesOut(outcome, reason));
    const why = reason === undefined ? "" : ` because of ${reason}`;
    return answer(pass, `${JSON.stringify(trigger)} to have been skipped${why}`, received, whatElse(received, found));
  },
};

/** A run that went ahead without some of its recipients. */
function leavesOut({ recipients }: TriggerOutcome, reason: string | undefined): boolean {
  return (
    reason !== undefined &&
    recipients.some((recipient) => recipient.status === "skipped" && recipient.reason === reason)
  );
}

/** What happened instead, in a sentence. */
function whatElse({ events }: PayloadResult, found: readonly TriggerOutcome[]): string {
  if (found.length > 0) {
    const ends = found.map(({ status, reason }) => (reason === undefined ? status : `${status} (${reason})`));
    return `It was ${[...new Set(ends)].join(", ")}.`;
  }
  const known = [...new Set(events.flatMap(({ triggers }) => triggers.map((outcome) => outcome.trigger)))];
  const others = known.length === 0 ? "no trigger did" : `these did: ${known.join(", ")}`;
  return `No event reached it; ${others}.`;
}

function answer(pass: boolean, what: string, { events }: PayloadResult, got: string): MatcherResult {
  const explain = () => events.map((event: EventOutcome) => formatExplanation(event)).join("\n\n");
  const message = () => `expected ${pass ? "not " : ""}${what}\n${got}\n\n${explain()}`;
  return { pass, message };
}

function outcomesOf({ events }: PayloadResult, trigger: string): readonly TriggerOutcome[] {
  return events.flatMap(({ triggers }) => triggers.filter((outcome) => outcome.trigger === trigger));
}

function recipientsOf({ recipients }: TriggerOutcome): readonly string[] {
  return recipients
    .filter(({ status }) => status === "triggered" || status === "pending")
    .map(({ recipient }) => recipientName(recipient));
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && [...left].sort().join("\n") === [...right].sort().join("\n");
}
