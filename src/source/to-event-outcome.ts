import type { TriggerReason } from "../core/reasons.js";
import type { EventDecision, RecipientDecision, TriggerDecision, UserDecision } from "../outcome/decision.js";
import type {
  EventOutcome,
  EventStatus,
  RecipientOutcome,
  RunOutcome,
  TriggerOutcome,
  TriggerStatus,
  UserOutcome,
} from "../outcome/outcome.js";
import { TracedOutcome } from "../outcome/traced.js";
import type { ExpandProgress } from "../runner/expansion.js";
import type { RunRecord, RunStatus } from "../storage/run-store.js";
import type { NewEvent } from "../storage/storage.js";

/** What is known of a run when an outcome is drawn up. */
export type RunState = Pick<RunRecord, "idempotencyKey" | "status" | "attempts" | "workflowRunId" | "error"> &
  Partial<Pick<RunRecord, "durationMs" | "progress">>;

interface RunVerdict {
  readonly status: TriggerStatus;
  readonly reason: TriggerReason | null;
  /** The highest of a trigger's runs decides for the trigger. */
  readonly weight: number;
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

function verdictOf(run: RunState | undefined): RunVerdict {
  if (run === undefined) return verdicts.pending;
  return run.status === "pending" && run.error !== null ? retrying : verdicts[run.status];
}

/** Joins what was decided when the event was recorded with what has come of its runs; pure. */
export function toEventOutcome(
  index: number,
  event: Pick<NewEvent, "messageId" | "type" | "name" | "status" | "reason"> & { readonly decision: EventDecision },
  runs: ReadonlyMap<string, RunState>,
): EventOutcome {
  const triggers = event.decision.triggers.map((decision) => toTriggerOutcome(decision, runs));
  const user = event.decision.user && toUserOutcome(event.decision.user, runs);
  const status = statusOf(event.status, user?.sync === undefined ? triggers : [user.sync, ...triggers]);
  const reason = status === "failed" ? "trigger_failed" : status === "in_progress" ? null : event.reason;
  return {
    index,
    messageId: event.messageId,
    type: event.type,
    name: event.name,
    status,
    triggers,
    ...(reason !== null && { reason }),
    ...(event.decision.detail && { detail: event.decision.detail }),
    ...(user && { user }),
    ...(event.decision.group && { group: event.decision.group }),
  };
}

function toUserOutcome({ run, ...user }: UserDecision, runs: ReadonlyMap<string, RunState>): UserOutcome {
  if (run === undefined) return user;
  const state = runs.get(run);
  return { ...user, sync: toRunOutcome(run, state, verdictOf(state)) };
}

function statusOf(base: EventStatus, triggers: readonly Pick<TriggerOutcome, "status">[]): EventStatus {
  if (triggers.some((trigger) => trigger.status === "pending" || trigger.status === "held")) return "in_progress";
  return triggers.some((trigger) => trigger.status === "failed") ? "failed" : base;
}

function toTriggerOutcome(decision: TriggerDecision, runs: ReadonlyMap<string, RunState>): TriggerOutcome {
  if (decision.status !== "planned") {
    const recipients = decision.recipients.map((recipient) => toRecipientOutcome(recipient, []));
    return new TracedOutcome(decision, { status: decision.status, runs: [], recipients }, decision);
  }
  const outcomes: RunOutcome[] = [];
  const runVerdicts: RunVerdict[] = [];
  let deciding: RunVerdict | null = null;
  let error: string | null = null;
  for (const key of decision.runs) {
    const state = runs.get(key);
    const verdict = verdictOf(state);
    outcomes.push(toRunOutcome(key, state, verdict));
    runVerdicts.push(verdict);
    if (deciding !== null && verdict.weight <= deciding.weight) continue;
    deciding = verdict;
    error = state?.error ?? null;
  }
  const { status, reason } = deciding ?? verdicts.pending;
  const recipients = decision.recipients.map((recipient) => toRecipientOutcome(recipient, runVerdicts));
  return new TracedOutcome(decision, { status, runs: outcomes, recipients }, whyOf(reason, error));
}

const noReason = {};

function whyOf(reason: TriggerReason | null, error: string | null): Pick<TriggerOutcome, "reason" | "detail"> {
  if (reason === null && error === null) return noReason;
  return { ...(reason !== null && { reason }), ...(error !== null && { detail: { message: error } }) };
}

function membersOf(progress: string): NonNullable<RunOutcome["members"]> {
  const { members, unknown }: ExpandProgress = JSON.parse(progress);
  return { reached: members, unknown };
}

function toRunOutcome(idempotencyKey: string, run: RunState | undefined, verdict: RunVerdict): RunOutcome {
  const outcome: RunOutcome = {
    idempotencyKey,
    status: verdict.status,
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
