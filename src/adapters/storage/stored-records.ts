import { eventReasons } from "../../core/reasons.js";
import { eventStatuses } from "../../outcome/outcome.js";
import { type AuditEntry, auditActions } from "../../storage/audit-store.js";
import type { EventNameCount } from "../../storage/event-name-count.js";
import type { Page } from "../../storage/page.js";
import {
  type ClaimedRun,
  type NewRun,
  type RunHold,
  type RunRecord,
  runActions,
  runStatuses,
} from "../../storage/run-store.js";
import type { SourceScope } from "../../storage/scope.js";
import type { EventRecord, RecordedEventStatus } from "../../storage/storage.js";
import type { User } from "../../users/user.js";
import { mergeRegisters, toUser, type UserRegisters } from "../../users/user-registers.js";
import { toPage } from "./stored-page.js";
import { dateOrNull, decodedOf, decodedOrNull, isTrue, numberOf, type Row, textOf, textOrNull } from "./stored-row.js";

/** The columns have the same names in every database. */
export function toRunRecord(row: Row): RunRecord {
  return {
    environment: textOf(row, "environment"),
    source: textOf(row, "source"),
    messageId: decodedOf(row, "message_id"),
    idempotencyKey: textOf(row, "idempotency_key"),
    trigger: decodedOf(row, "trigger_key"),
    workflow: decodedOf(row, "workflow"),
    action: runActions.find((action) => action === row["action"]) ?? "trigger",
    request: textOf(row, "request"),
    status: runStatuses.find((status) => status === row["status"]) ?? "pending",
    attempts: numberOf(row, "attempts"),
    attemptsBeforeRetry: numberOf(row, "attempts_before_retry"),
    receivedAt: new Date(numberOf(row, "received_at")),
    firstClaimedAt: dateOrNull(row, "first_claimed_at"),
    // At once: 0 or NULL.
    nextAttemptAt: numberOf(row, "next_attempt_at") === 0 ? null : dateOrNull(row, "next_attempt_at"),
    waitingFor: decodedOrNull(row, "waiting_for"),
    heldUntil: dateOrNull(row, "held_until"),
    workflowRunId: decodedOrNull(row, "workflow_run_id"),
    error: decodedOrNull(row, "error"),
    parent: textOrNull(row, "parent"),
    progress: textOrNull(row, "progress"),
    durationMs: row["duration_ms"] === null ? null : numberOf(row, "duration_ms"),
  };
}

/** A run as it is right after it was inserted and leased, which needs no reading back. */
export function newRunRecord(
  {
    environment,
    source,
    messageId,
    receivedAt,
  }: SourceScope & { readonly messageId: string; readonly receivedAt: Date },
  { idempotencyKey, trigger, workflow, action, request }: Omit<NewRun, "hold">,
  claimedAt: number,
  parent: string | null = null,
): RunRecord {
  return {
    environment,
    source,
    messageId,
    idempotencyKey,
    trigger,
    workflow,
    action,
    request,
    status: "pending",
    attempts: 0,
    attemptsBeforeRetry: 0,
    receivedAt,
    firstClaimedAt: new Date(claimedAt),
    nextAttemptAt: null,
    waitingFor: null,
    heldUntil: null,
    workflowRunId: null,
    error: null,
    durationMs: null,
    parent,
    progress: null,
  };
}

export function toClaimedRun(row: Row, leasedUntil: Date): ClaimedRun {
  return { run: toRunRecord(row), fence: numberOf(row, "fence"), leasedUntil };
}

/** Of runs that one statement leased, for as long as each other. */
export function toClaimedRuns(rows: readonly Row[]): readonly ClaimedRun[] {
  const [first] = rows;
  if (first === undefined) return [];
  const leasedUntil = new Date(numberOf(first, "leased_until"));
  return rows.map((row) => toClaimedRun(row, leasedUntil));
}

export function toExpiredHold(row: Row): Pick<RunHold, "userId" | "onExpiry"> {
  return { userId: decodedOf(row, "waiting_for"), onExpiry: row["hold_then"] === "create" ? "create" : "skip" };
}

/** What is left of a decision that named somebody who was erased. Not NULL: that is how the purge knows what it has stripped already. */
export const emptyDecision = '{"triggers":[]}';

export function toEventRecord(row: Row, runs: readonly Row[]): EventRecord {
  const payload = textOrNull(row, "payload");
  const decision = textOrNull(row, "decision");
  const records = runs.map(toRunRecord);
  return {
    environment: textOf(row, "environment"),
    source: textOf(row, "source"),
    messageId: decodedOf(row, "message_id"),
    type: decodedOrNull(row, "type"),
    name: decodedOrNull(row, "name"),
    userId: decodedOrNull(row, "user_id"),
    anonymousId: decodedOrNull(row, "anonymous_id"),
    occurredAt: new Date(numberOf(row, "occurred_at")),
    receivedAt: new Date(numberOf(row, "received_at")),
    payload: payload === null ? null : JSON.parse(payload),
    decision: JSON.parse(decision ?? emptyDecision),
    reason: eventReasons.find((reason) => reason === row["reason"]) ?? null,
    status: statusOf(row, records),
    runs: records,
  };
}

/** The runs have the last word; the row says what holds without them, and whether one that is gone by now had failed. */
function statusOf(row: Row, runs: readonly RunRecord[]): RecordedEventStatus {
  const isOpen = runs.some(({ status }) => status === "pending" || status === "held") || isTrue(row["has_open_made"]);
  if (isOpen) return "in_progress";
  const stored = textOf(row, "status");
  const text = stored === "in_progress" ? textOf(row, "base_status") : stored;
  const known = eventStatuses.find((status) => status === text);
  return known === undefined || known === "duplicate" ? "processed" : known;
}

export function toNameCount(row: Row): EventNameCount {
  return {
    type: textOf(row, "type"),
    // Names are not empty; the empty text stands for none, because NULL can not be part of a key.
    name: textOf(row, "name") === "" ? null : decodedOf(row, "name"),
    count: numberOf(row, "count"),
    firstSeenAt: new Date(numberOf(row, "first_seen_at")),
    lastSeenAt: new Date(numberOf(row, "last_seen_at")),
  };
}

/**
 * @param rows one more than the page has, where there is one
 * @param saidBy what was said before the sign-in of the user with this id
 */
export function toUserPage(rows: readonly Row[], limit: number, saidBy: (id: string) => UserRegisters): Page<User> {
  const cursorOf = (row: Row) => decodedOf(row, "id");
  const toItem = (row: Row) => {
    const id = cursorOf(row);
    return toUser(id, mergeRegisters(JSON.parse(textOf(row, "registers")), saidBy(id)));
  };
  return toPage(rows, limit, { toItem, cursorOf });
}

/** @param rows one more than the page has, where there is one */
export function toAuditPage(rows: readonly Row[], limit: number): Page<AuditEntry> {
  const { items, nextCursor } = toPage(rows, limit, { toItem: toAuditEntry, cursorOf: (row) => textOf(row, "id") });
  return { items: items.flat(), nextCursor };
}

/** None for an action that only a later version knows. */
function toAuditEntry(row: Row): readonly AuditEntry[] {
  const action = auditActions.find((known) => known === row["action"]);
  if (action === undefined) return [];
  const detail = textOrNull(row, "detail");
  return [
    {
      at: new Date(numberOf(row, "at")),
      by: decodedOrNull(row, "changed_by"),
      action,
      environment: textOrNull(row, "environment"),
      subject: decodedOrNull(row, "subject"),
      detail: detail === null ? null : JSON.parse(detail),
    },
  ];
}
