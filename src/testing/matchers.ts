import { formatExplanation } from "../outcome/format-explanation.js";
import type { EventOutcome, PayloadResult, TriggerOutcome } from "../outcome/outcome.js";

/** What a matcher answers; understood by `expect.extend` of vitest and jest. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** For `declare module "vitest" { interface Matchers<T> extends BellwireMatchers<T> {} }`. */
export interface BellwireMatchers<Result = unknown> {
  toHaveTriggered(trigger: string, expected?: { readonly recipients?: readonly string[] }): Result;
  toHaveSkipped(trigger: string, reason?: string): Result;
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
    const sent = outcomesOf(received, trigger).filter(({ status }) => status === "triggered" || status === "pending");
    const told = sent.flatMap(recipientsOf);
    const wanted = recipients ?? told;
    const pass = sent.length > 0 && sameSet(told, wanted);
    const who = recipients === undefined ? "" : ` for ${recipients.join(", ")}`;
    const got = sent.length > 0 && !pass ? `It ran for ${told.join(", ")}.` : "";
    return answer(pass, `${JSON.stringify(trigger)} to have run${who}`, received, got);
  },
  toHaveSkipped(received: PayloadResult, trigger: string, reason?: string): MatcherResult {
    const skipped = outcomesOf(received, trigger).filter(({ status }) => status === "skipped");
    const pass = skipped.some((outcome) => reason === undefined || outcome.reason === reason);
    const why = reason === undefined ? "" : ` because of ${reason}`;
    return answer(pass, `${JSON.stringify(trigger)} to have been skipped${why}`, received, "");
  },
};

function answer(pass: boolean, what: string, { events }: PayloadResult, got: string): MatcherResult {
  const explain = () => events.map((event: EventOutcome) => formatExplanation(event)).join("\n");
  const message = () =>
    [`expected ${pass ? "not " : ""}${what}`, got, "", explain()].filter((line, at) => line !== "" || at === 2);
  return { pass, message: () => message().join("\n") };
}

function outcomesOf({ events }: PayloadResult, trigger: string): readonly TriggerOutcome[] {
  return events.flatMap(({ triggers }) => triggers.filter((outcome) => outcome.trigger === trigger));
}

function recipientsOf({ recipients }: TriggerOutcome): readonly string[] {
  return recipients
    .filter(({ status }) => status === "triggered" || status === "pending")
    .map(({ recipient }) => (typeof recipient === "string" ? recipient : `${recipient.collection}/${recipient.id}`));
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && [...left].sort().join("\n") === [...right].sort().join("\n");
}
