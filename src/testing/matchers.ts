import type { RecipientReason, TriggerReason } from "../core/reasons.js";
import { formatExplanation } from "../outcome/format-explanation.js";
import type { EventOutcome, PayloadResult, RecipientOutcome, TriggerOutcome } from "../outcome/outcome.js";
import { recipientName } from "../recipients/recipient-key.js";

/** What a matcher answers; understood by `expect.extend` of vitest and jest. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

export interface ExpectedRecipients {
  readonly recipients?: readonly string[];
}

/** For `declare module "vitest" { interface Matchers<T = any> extends BellwireMatchers<T> {} }`. */
export interface BellwireMatchers<Result = unknown> {
  /**
   * The trigger ran, for exactly these recipients where they are given, in any order; whoever is held or was left out is not among
   * them. A run that nothing was tried with counts too, as all do in a preview and with `dispatch: "background"`; one whose attempt
   * failed does not.
   */
  toHaveTriggered(trigger: string, expected?: ExpectedRecipients): Result;
  /**
   * The trigger, of `action: "cancel"`, canceled runs: for exactly these recipients where they are given, in any order. In a preview
   * none does, since nothing is sent.
   */
  toHaveCanceled(trigger: string, expected?: ExpectedRecipients): Result;
  /** The trigger did not run; for this reason, or with a recipient left out for it, where one is given. */
  toHaveSkipped(trigger: string, reason?: TriggerReason | RecipientReason): Result;
}

/**
 * `expect.extend(bellwireMatchers)`: what `handleSegmentPayload` or `preview` answered is checked by trigger, and when the check
 * fails, the message is the explanation of every event.
 */
export const bellwireMatchers = {
  toHaveTriggered(received: PayloadResult, trigger: string, expected: ExpectedRecipients = {}): MatcherResult {
    checkReceived("toHaveTriggered", received);
    return reached(received, trigger, { ...expected, isReached: isTold, verbs: ["run", "ran"] });
  },
  toHaveCanceled(received: PayloadResult, trigger: string, expected: ExpectedRecipients = {}): MatcherResult {
    checkReceived("toHaveCanceled", received);
    return reached(received, trigger, { ...expected, isReached: isCanceled, verbs: ["canceled", "canceled"] });
  },
  toHaveSkipped(received: PayloadResult, trigger: string, reason?: string): MatcherResult {
    checkReceived("toHaveSkipped", received);
    const found = outcomesOf(received, trigger);
    const isSkipped = (outcome: TriggerOutcome) =>
      outcome.status === "skipped" && (reason === undefined || outcome.reason === reason);
    const pass = found.some((outcome) => isSkipped(outcome) || leavesOut(outcome, reason));
    const why = reason === undefined ? "" : ` for ${reason}`;
    return answer(pass, `${JSON.stringify(trigger)} to have been skipped${why}`, received, whatElse(received, found));
  },
};

type Ended = Pick<TriggerOutcome | RecipientOutcome, "status" | "reason">;

/** What is pending for a reason was tried and failed. */
function isTold({ status, reason }: Ended): boolean {
  return status === "triggered" || (status === "pending" && reason === undefined);
}

function isCanceled({ status }: Ended): boolean {
  return status === "canceled";
}

interface Reach extends ExpectedRecipients {
  /** Of a trigger as a whole and of each recipient: of several runs only one decides for the trigger. */
  readonly isReached: (ended: Ended) => boolean;
  readonly verbs: readonly [toHave: string, it: string];
}

function reached(
  received: PayloadResult,
  trigger: string,
  { recipients: wanted, isReached, verbs: [toHave, it] }: Reach,
): MatcherResult {
  const found = outcomesOf(received, trigger);
  const told = found.flatMap(({ recipients }) =>
    recipients.filter(isReached).map((one) => recipientName(one.recipient)),
  );
  const isAny = told.length > 0 || found.some(isReached);
  const who = wanted === undefined ? "" : ` for ${wanted.join(", ")}`;
  const got = isAny ? `It ${it} for ${told.join(", ") || "nobody"}.` : whatElse(received, found);
  const pass = isAny && sameSet(told, wanted ?? told);
  return answer(pass, `${JSON.stringify(trigger)} to have ${toHave}${who}`, received, got);
}

/** @throws TypeError of what no matcher can look at: to say that it does not match would let a `not` pass */
function checkReceived(matcher: string, received: unknown): void {
  if (isObject(received) && Array.isArray(received["events"])) return;
  throw new TypeError(
    `${matcher} looks at what handleSegmentPayload or preview answered, but it was given ${nameOf(received)}.`,
  );
}

function nameOf(received: unknown): string {
  if (!isObject(received)) return received === null ? "null" : typeof received;
  if ("then" in received) return "a promise: await it first";
  if ("triggers" in received) return "the outcome of one event: pass the whole result";
  return Array.isArray(received) ? "a list: pass the whole result" : "another object";
}

function isObject(received: unknown): received is Readonly<Record<string, unknown>> {
  return typeof received === "object" && received !== null;
}

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

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && [...left].sort().join("\n") === [...right].sort().join("\n");
}
