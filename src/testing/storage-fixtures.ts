import assert from "node:assert/strict";
import type { ClaimedRun, NewRun, RunResult } from "../storage/run-store.js";
import type { NewEvent, RecordParams, Storage } from "../storage/storage.js";
import type { UserStore } from "../storage/user-store.js";

export interface StorageUnderTest {
  readonly storage: Storage;
  /** Lets time pass for leases and due dates: on a clock of the test's own, or by waiting. Milliseconds, at most a few hundred. */
  readonly advance: (ms: number) => Promise<void> | void;
  readonly dispose: () => Promise<void> | void;
}

/** The part of it that a store of users is checked with. */
export interface UsersUnderTest {
  readonly storage: Pick<Storage, "users">;
}

export type UserCase = readonly [name: string, check: (underTest: UsersUnderTest) => Promise<void>];

/** A power that a case is about: a store without it is not checked with the case. */
export function powerOf<Name extends "known" | "markDeleted" | "merge" | "updateVisitors">(
  users: UserStore,
  name: Name,
): NonNullable<UserStore[Name]> {
  const power = users[name];
  assert.ok(power !== undefined, `users.${name} is missing`);
  return power;
}

export type StorageCase = readonly [name: string, check: (underTest: StorageUnderTest) => Promise<void>];

export const scope = { environment: "production", source: "web" } as const;
export const { environment } = scope;
/** Long enough for a busy machine to do within it what has to be done within it. */
export const leaseMs = 400;
/** Twice as long is longer than a lease. */
export const withinLeaseMs = 240;
export const receivedAt = new Date("2026-03-01T12:00:00.000Z");

/** A moment so many seconds after the start of 2026. */
export function second(seconds: number): Date {
  return new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
}

export function permutations<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  );
}

export function newRun(idempotencyKey: string, overrides: Partial<NewRun> = {}): NewRun {
  return {
    idempotencyKey,
    trigger: "welcome",
    workflow: "welcome",
    action: "trigger",
    request: JSON.stringify({ recipients: ["ada"], key: idempotencyKey }),
    ...overrides,
  };
}

export function newEvent(messageId: string, overrides: Partial<NewEvent> = {}): NewEvent {
  return {
    messageId,
    type: "track",
    name: "Signed Up",
    userId: "ada",
    anonymousId: null,
    occurredAt: new Date("2026-03-01T11:59:00.000Z"),
    receivedAt,
    payload: { type: "track", event: "Signed Up", messageId },
    status: "processed",
    reason: null,
    decision: { triggers: [] },
    runs: [],
    ...overrides,
  };
}

/** An event with one planned run, whose key is made of the event's. */
export function eventWithRun(messageId: string): NewEvent {
  return newEvent(messageId, { runs: [newRun(`run_${messageId}`)] });
}

export function recordParams(events: readonly NewEvent[], overrides: Partial<RecordParams> = {}): RecordParams {
  return { ...scope, owner: "process-1", leaseMs, events, ...overrides };
}

/** Milliseconds. */
export function leaseEndAfterFirstClaim(claimed: ClaimedRun | undefined): number {
  return Number(claimed?.leasedUntil) - Number(claimed?.run.firstClaimedAt);
}

export function resultOf(claimed: ClaimedRun | undefined, overrides: Partial<RunResult> = {}): RunResult {
  return {
    idempotencyKey: claimed?.run.idempotencyKey ?? "nothing was claimed",
    fence: claimed?.fence ?? -1,
    status: "triggered",
    workflowRunId: "engine-1",
    error: null,
    retryInMs: null,
    durationMs: 12,
    ...overrides,
  };
}
