import type { MemoryGroups } from "./memory-groups.js";
import { page } from "./memory-page.js";
import { ClaimedRecord, type StoredEvent, type StoredRun, toRunRecord } from "./memory-records.js";
import type { MemoryState } from "./memory-state.js";
import type { MemoryUsers } from "./memory-users.js";
import { runDecisions } from "./run-decision.js";
import type {
  ClaimedRun,
  DecideParams,
  DecideResult,
  ExpandParams,
  ExpandResult,
  RunResult,
  RunStatus,
  RunStore,
} from "./run-store.js";

export function memoryRunStore(state: MemoryState, groups: MemoryGroups, users: MemoryUsers): RunStore {
  return {
    async claim({ environment, source, leaseMs, limit }) {
      const now = state.clock.now();
      const due = dueRuns(state, now).filter((run) => run.environment === environment && run.source === source);
      return claimRuns(state, due.slice(0, limit), { leaseMs, now });
    },
    settle: async ({ results }) => settle(state, results),
    async release({ runs }) {
      for (const { idempotencyKey, fence } of runs) {
        const run = state.leasedRun(idempotencyKey, fence);
        if (run !== null) run.leasedUntil = null;
      }
    },
    async wake({ environment, source, userIds, leaseMs }) {
      const merged = state.isHolding ? userIds.flatMap((userId) => users.idsMergedInto(environment, userId)) : [];
      const woken = [...new Set([...userIds, ...merged])].flatMap((userId) => state.heldFor(environment, userId));
      setStatuses(state, woken, "pending");
      if (leaseMs === null) return [];
      const now = state.clock.now();
      const ours = woken.filter((run) => run.source === source);
      return claimRuns(state, ours, { leaseMs, now });
    },
    async expired({ environment, source, limit }) {
      const now = state.clock.now();
      const over = state
        .heldRuns()
        .filter((run) => run.environment === environment && run.source === source && (run.heldUntil ?? 0) <= now)
        .sort((left, right) => (left.heldUntil ?? 0) - (right.heldUntil ?? 0));
      return over
        .slice(0, limit)
        .flatMap(({ hold }) => (hold === null ? [] : [{ userId: hold.userId, onExpiry: hold.onExpiry }]));
    },
    async skip({ environment, source, userIds }) {
      const now = state.clock.now();
      const over = [...new Set(userIds)]
        .flatMap((userId) => state.heldFor(environment, userId))
        .filter((run) => run.source === source && (run.heldUntil ?? 0) <= now);
      setStatuses(state, over, "skipped");
      return over.length;
    },
    expand: async (params) => expand(state, groups, params),
    decide: async (params) => decide(state, params),
    async list({ environment, source, status, limit, cursor }) {
      const found = state
        .events()
        .filter((stored) => stored.environment === environment && (source === undefined || stored.source === source))
        .flatMap((stored) => stored.runs)
        .filter((run) => status === undefined || run.status === status);
      return page(found, limit, cursor, toRunRecord);
    },
  };
}

function expand(state: MemoryState, groups: MemoryGroups, params: ExpandParams): ExpandResult {
  const { idempotencyKey, fence, request, progress, runs, members, leaseMs } = params;
  const run = state.leasedRun(idempotencyKey, fence);
  if (run?.status !== "pending") return { status: "lease_lost" };
  if (run.request !== request) return { status: "request_changed" };
  if (!groups.areMembers(run.environment, members)) return { status: "members_left" };
  const now = state.clock.now();
  run.progress = progress;
  run.leasedUntil = new Date(now + leaseMs);
  const added = state.addRuns(run, runs).filter(({ status }) => status === "pending");
  return { status: "expanded", claimed: claimRuns(state, added, { leaseMs, now }) };
}

function decide(state: MemoryState, { environment, source, decision, ...params }: DecideParams): DecideResult {
  const { from, to } = runDecisions[decision];
  const runs = state
    .unfinishedRuns(params.idempotencyKeys)
    .filter((run) => run.environment === environment && run.source === source && from.includes(run.status));
  for (const run of runs) {
    state.lease(run, null);
    if (to === "pending") {
      run.attemptsBeforeRetry = run.attempts;
      run.firstClaimedMs = null;
      run.nextAttemptAt = null;
    }
    state.setRunStatus(run, to);
  }
  for (const stored of new Set(runs.map((run) => run.stored))) state.reviseFailure(stored);
  const { leaseMs } = params;
  const now = state.clock.now();
  const claimed = to === "pending" && leaseMs !== null ? claimRuns(state, runs, { leaseMs, now }) : [];
  return { changed: runs.map((run) => run.idempotencyKey), claimed };
}

/** Pending and held by nobody, oldest due first. */
function dueRuns(state: MemoryState, now: number): readonly StoredRun[] {
  const due = state.pendingRuns().filter((run) => !run.isLeasedAt(now) && dueAt(run) <= now);
  return due.sort((left, right) => dueAt(left) - dueAt(right));
}

function settle(state: MemoryState, results: readonly RunResult[]): readonly boolean[] {
  // Those of one event mostly stand together; bringing one up to date twice does no harm.
  const touched: StoredEvent[] = [];
  const settled = results.map((result) => {
    const run = state.leasedRun(result.idempotencyKey, result.fence);
    if (run?.status !== "pending") return false;
    run.attempts += 1;
    run.leasedUntil = null;
    run.workflowRunId = result.workflowRunId;
    run.error = result.error;
    run.durationMs = result.durationMs ?? null;
    run.nextAttemptAt = result.retryInMs === null ? null : new Date(state.clock.now() + result.retryInMs);
    state.setRunStatus(run, result.status);
    if (touched.at(-1) !== run.stored) touched.push(run.stored);
    return true;
  });
  for (const stored of touched) state.updateStatus(stored);
  return settled;
}

function setStatuses(state: MemoryState, runs: readonly StoredRun[], status: RunStatus): void {
  for (const run of runs) state.setRunStatus(run, status);
  for (const stored of new Set(runs.map((run) => run.stored))) state.updateStatus(stored);
}

function dueAt(run: StoredRun): number {
  return run.nextAttemptAt?.getTime() ?? 0;
}

/** Leases runs. */
export function claimRuns(
  state: MemoryState,
  runs: readonly StoredRun[],
  { leaseMs, now }: { readonly leaseMs: number; readonly now: number },
): readonly ClaimedRun[] {
  const until = new Date(now + leaseMs);
  return runs.map((run) => {
    run.firstClaimedMs ??= now;
    return { run: new ClaimedRecord(run), fence: state.lease(run, until), leasedUntil: until };
  });
}
