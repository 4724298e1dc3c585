import type { Draft } from "../core/draft.js";
import type { TriggerReason } from "../core/reasons.js";
import type { EventDecision, RecipientDecision, TriggerDecision, UserDecision } from "../outcome/decision.js";
import { type MaybeLazyList, mapMaybeLazily } from "../outcome/lazy-list.js";
import type {
  EventOutcome,
  EventStatus,
  RecipientOutcome,
  RunOutcome,
  TriggerOutcome,
  TriggerStatus,
  UserOutcome,
} from "../outcome/outcome.js";
import { maybeLazyRecipients, TracedOutcome } from "../outcome/traced.js";
import type { ExpandProgress } from "../runner/expansion.js";
import type { RunRecord, RunStatus } from "../storage/run-store.js";
import type { NewEvent, RecordedEventStatus } from "../storage/storage.js";

/** What is known of a run when an outcome is drawn up. */
export type RunState = Pick<RunRecord, "idempotencyKey" | "status" | "attempts" | "workflowRunId" | "error"> &
  Partial<Pick<RunRecord, "durationMs" | "progress">>;

/** What is known of runs, by their idempotency keys. */
export interface RunStates {
  readonly get: (idempotencyKey: string) => RunState | undefined;
  /** Nothing of the event is pending or held any more, not even a run for a member of a group. @default false */
  readonly areOver?: boolean;
}

/** A stored `in_progress` only says that runs are open, which the runs say again. */
export function statusWithoutRuns(stored: RecordedEventStatus): NewEvent["status"] {
  return stored === "in_progress" ? "processed" : stored;
}

interface RunVerdict {
  readonly status: TriggerStatus;
  readonly reason: TriggerReason | null;
  /** The highest of a trigger's runs decides for the trigger. */
  readonly weight: number;
  /** Where the reason alone does not say what to do about it. */
  readonly message?: string;
}

const verdicts: Readonly<Record<RunStatus, RunVerdict>> = {
  skipped: { status: "skipped", reason: "not_identified", weight: 0 },
  dropped: { status: "skipped", reason: "dropped", weight: 0 },
  triggered: { status: "triggered", reason: null, weight: 1 },
  canceled: { status: "canceled", reason: null, weight: 1 },
  held: { status: "held", reason: "not_identified", weight: 2 },
  pending: { status: "pending", reason: null, weight: 3 },
  uncertain: { status: "failed", reason: "idempotency_window_over", weight: 4 },
  dead: { status: "failed", reason: "attempts_exhausted", weight: 5 },
  failed: { status: "failed", reason: "runner_permanent", weight: 6 },
};

const retrying: RunVerdict = { status: "pending", reason: "runner_retryable", weight: 3 };

const noMembers: RunVerdict = {
  status: "skipped",
  reason: "no_recipients",
  weight: 0,
  message: "There is no member to notify. Group events and source.groups make members known.",
};

const unknownMembers: RunVerdict = {
  ...verdicts.skipped,
  message: `None of the members was ever identified in this environment. Send identify events first, or set unidentified: "create" or { hold: "15m", then: "skip" }.`,
};

const formerlyHeld: RunVerdict = {
  ...verdicts.triggered,
  message: "All members were held. What became of their runs is told by source.runs.list.",
};

function verdictOf(run: RunState | undefined, { areOver }: RunStates): RunVerdict {
  if (run === undefined) return verdicts.pending;
  if (run.status === "pending" && run.error !== null) return retrying;
  // Most runs make no others.
  return run.status === "triggered" && run.progress ? verdictOfMembers(run.progress, areOver) : verdicts[run.status];
}

/** A run that made others has notified nobody by itself. */
function verdictOfMembers(progress: string, areOver: boolean | undefined): RunVerdict {
  const { runs, unknown, held }: ExpandProgress = JSON.parse(progress);
  if (runs > 0) return verdicts.triggered;
  if (held > 0) return areOver === true ? formerlyHeld : verdicts.held;
  return unknown > 0 ? unknownMembers : noMembers;
}

/** Joins what was decided when the event was recorded with what has come of its runs; pure. */
export function toEventOutcome(
  index: number,
  event: Pick<NewEvent, "messageId" | "type" | "name" | "status" | "reason"> & { readonly decision: EventDecision },
  runs: RunStates,
): EventOutcome {
  const shared = new SharedOutcomes();
  const triggers = event.decision.triggers.map((decision) => toTriggerOutcome(decision, runs, shared));
  const user = event.decision.user && toUserOutcome(event.decision.user, runs);
  const status = statusOf(event.status, user?.sync === undefined ? triggers : [user.sync, ...triggers]);
  const reason = status === "failed" ? "trigger_failed" : status === "in_progress" ? null : event.reason;
  const { messageId, type, name } = event;
  const { detail, group } = event.decision;
  const outcome: Draft<EventOutcome> = { index, messageId, type, name, status, triggers };
  if (reason !== null) outcome.reason = reason;
  if (detail) outcome.detail = detail;
  if (user) outcome.user = user;
  if (group) outcome.group = group;
  return outcome;
}

function toUserOutcome({ run, ...user }: UserDecision, runs: RunStates): UserOutcome {
  if (run === undefined) return user;
  const state = runs.get(run);
  return { ...user, sync: toRunOutcome(run, state, verdictOf(state, runs)) };
}

function statusOf(base: EventStatus, triggers: readonly Pick<TriggerOutcome, "status">[]): EventStatus {
  if (triggers.some((trigger) => trigger.status === "pending" || trigger.status === "held")) return "in_progress";
  return triggers.some((trigger) => trigger.status === "failed") ? "failed" : base;
}

function toTriggerOutcome(decision: TriggerDecision, runs: RunStates, shared: SharedOutcomes): TriggerOutcome {
  if (decision.status !== "planned") {
    const recipients = decision.recipients.map((recipient) => toRecipientOutcome(recipient, []));
    return new TracedOutcome(decision, { status: decision.status, runs: [], recipients }, decision);
  }
  const only = decision.runs[0];
  if (only !== undefined && decision.runs.length === 1) {
    const state = runs.get(only);
    const verdict = verdictOf(state, runs);
    const recipients = shared.of(maybeLazyRecipients(decision), verdict);
    const told = { status: verdict.status, runs: [toRunOutcome(only, state, verdict)], recipients };
    return new TracedOutcome(decision, told, whyOf(verdict, state?.error ?? null));
  }
  const states = decision.runs.map((key) => runs.get(key));
  const verdictsOfRuns = states.map((state) => verdictOf(state, runs));
  const outcomes = decision.runs.map((key, index) => toRunOutcome(key, states[index], verdictsOfRuns[index]));
  const place = decidingPlace(verdictsOfRuns);
  const deciding = verdictsOfRuns[place] ?? verdicts.pending;
  const error = states[place]?.error ?? null;
  const recipients = decision.recipients.map((recipient) => toRecipientOutcome(recipient, verdictsOfRuns));
  const told = { status: deciding.status, runs: outcomes, recipients };
  return new TracedOutcome(decision, told, whyOf(deciding, error));
}

/** What became of recipients who all went into one run. Triggers that notify the same list, with the same success, tell of it once. */
class SharedOutcomes {
  #decisions: MaybeLazyList<RecipientDecision> = [];
  #verdict: RunVerdict | null = null;
  #outcomes: MaybeLazyList<RecipientOutcome> = [];

  of(decisions: MaybeLazyList<RecipientDecision>, verdict: RunVerdict): MaybeLazyList<RecipientOutcome> {
    if (decisions !== this.#decisions || verdict !== this.#verdict) {
      this.#decisions = decisions;
      this.#verdict = verdict;
      const ofRuns = [verdict];
      this.#outcomes = mapMaybeLazily(decisions, (decision) => toRecipientOutcome(decision, ofRuns));
    }
    return this.#outcomes;
  }
}

/** Of the run that decides for the trigger. */
function decidingPlace(ofRuns: readonly RunVerdict[]): number {
  let place = 0;
  for (const [index, { weight }] of ofRuns.entries()) {
    if (weight > (ofRuns[place]?.weight ?? weight)) place = index;
  }
  return place;
}

const noReason = {};

function whyOf(verdict: RunVerdict, error: string | null): Pick<TriggerOutcome, "reason" | "detail"> {
  const { reason } = verdict;
  const message = error ?? verdict.message;
  if (reason === null && message === undefined) return noReason;
  return { ...(reason !== null && { reason }), ...(message !== undefined && { detail: { message } }) };
}

function membersOf(progress: string): NonNullable<RunOutcome["members"]> {
  const { members, unknown, held }: ExpandProgress = JSON.parse(progress);
  return { reached: members, unknown, held };
}

function toRunOutcome(
  idempotencyKey: string,
  run: RunState | undefined,
  { status }: Pick<RunVerdict, "status"> = verdicts.pending,
): RunOutcome {
  const outcome: RunOutcome = {
    idempotencyKey,
    status,
    workflowRunId: run?.workflowRunId ?? null,
    attempts: run?.attempts ?? 0,
    durationMs: run?.durationMs ?? null,
  };
  const told = run?.progress ? { ...outcome, members: membersOf(run.progress) } : outcome;
  return run?.error ? { ...told, error: run.error } : told;
}

function toRecipientOutcome(
  { recipient, run, reason, message }: RecipientDecision,
  runs: readonly RunVerdict[],
): RecipientOutcome {
  const verdict = run === undefined ? undefined : runs[run];
  if (verdict === undefined) {
    return { recipient, status: "skipped", ...(reason && { reason }), ...(message && { message }) };
  }
  const { status } = verdict;
  return verdict.reason === null ? { recipient, status } : { recipient, status, reason: verdict.reason };
}
