import { BellwireError, messageOf } from "../core/errors.js";
import { chunkRecipients } from "../recipients/chunk-recipients.js";
import { type ExpandProgress, type ExpandRequest, startOfExpansion } from "../runner/expansion.js";
import { capabilitiesOf } from "../runner/runner.js";
import { runnerError } from "../runner/runner-error.js";
import type { Page } from "../storage/page.js";
import type { ClaimedRun, NewRun, RunHold, RunRecord, RunResult } from "../storage/run-store.js";
import { endOfFailure } from "./ended-run.js";
import { newRun } from "./freeze-trigger.js";
import { knownUsers } from "./known-users.js";
import { logFailedAttempt } from "./log-failures.js";
import type { SourceContext } from "./source-context.js";
import { createUsers } from "./tell-engine.js";

export interface ExpandOptions {
  readonly owner: string;
  /** Sends runs that were made, and resolves when it has ended, however it ended. */
  readonly dispatch: (claimed: readonly ClaimedRun[], leasedUntil: number) => Promise<unknown>;
}

/** What came of a run that made others, with how far it came: storage has that already. */
export interface ExpandedRun extends RunResult {
  /** JSON text of the progress. */
  readonly progress: string;
}

export function isExpandedRun(result: RunResult): result is ExpandedRun {
  return "progress" in result;
}

/** Members that are looked at in one step: what is in memory at any moment. */
const pageSize = 1_000;

/**
 * Makes runs for the members of groups, a page at a time, and sends each page before it makes the next. How far it has come is written
 * down in one transaction with the runs of a page, under the fence of the claim: killed anywhere, whoever claims the run next goes on
 * at the next page, and a run once made is never made otherwise. A page of which somebody left, or was deleted, before its runs were
 * written is read and planned anew.
 *
 * @returns `null` when it has to stop half-way, because the source is closing or the lease is lost
 */
export async function expandMembers(
  context: SourceContext,
  { run, fence }: ClaimedRun,
  { owner, dispatch }: ExpandOptions,
): Promise<RunResult | ExpandedRun | null> {
  const { idempotencyKey, request: text } = run;
  const base = { idempotencyKey, fence, workflowRunId: null };
  const { clock, leaseMs, logger, storage, maxAttempts } = context.options;
  try {
    const request: ExpandRequest = JSON.parse(text);
    let progress: ExpandProgress = run.progress === null ? startOfExpansion : JSON.parse(run.progress);
    while (!progress.isLast) {
      if (context.isClosing()) return null;
      const page = await nextPage(context, run, request, progress);
      const leasedUntil = clock.now() + leaseMs;
      const expanded = await context.storageCall("runs.expand", (signal) =>
        storage.runs.expand({
          idempotencyKey,
          fence,
          request: text,
          progress: JSON.stringify(page.progress),
          runs: page.runs,
          members: { groupIds: request.groupIds, userIds: page.userIds },
          owner,
          leaseMs,
          signal,
        }),
      );
      // Whoever claims the run next has its request as it is now.
      if (expanded.status === "lease_lost" || expanded.status === "request_changed") return null;
      if (expanded.status === "members_left") continue;
      progress = page.progress;
      await dispatch(expanded.claimed, leasedUntil);
    }
    return { ...base, status: "triggered", error: null, retryInMs: null, progress: JSON.stringify(progress) };
  } catch (cause) {
    const message = `The members could not be read or planned: ${messageOf(cause)}`;
    // A runner that no longer knows the workflow will not know it later either.
    const isGone = BellwireError.is(cause) && cause.code === "CONFIG_TRIGGER_INVALID";
    const error = isGone ? runnerError("permanent", message, { cause }) : new Error(message);
    const result = { ...base, ...endOfFailure(run, error, { maxAttempts, random: Math.random }) };
    logFailedAttempt(logger, run, result);
    return result;
  }
}

interface MemberPage {
  readonly runs: readonly NewRun[];
  /** The members whom the runs are for, under the ids they are members by. */
  readonly userIds: readonly string[];
  readonly progress: ExpandProgress;
}

async function nextPage(
  context: SourceContext,
  run: RunRecord,
  request: ExpandRequest,
  done: ExpandProgress,
): Promise<MemberPage> {
  const { environment } = run;
  const { groupIds, unidentified } = request;
  const page = await readMembers(context, environment, groupIds, done.cursor);
  const excluded = new Set(request.exclude);
  const members = page.items.filter((id) => !excluded.has(id));
  const known = new Map(await knownUsers(context, environment, members));
  const unknown = members.filter((id) => !known.has(id));
  if (unidentified.kind === "create") {
    // As of when the event was received: a deletion that came later stays one.
    const created = await createUsers(context, environment, new Set(unknown), run.receivedAt);
    for (const [id, current] of created) known.set(id, current);
  }
  const reached = members.flatMap((userId) => {
    const id = known.get(userId);
    return id === undefined || excluded.has(id) ? [] : [{ userId, id }];
  });
  const waiting = unidentified.kind === "hold" ? unknown : [];
  const make = runMaker(context, run, request);
  const max = Math.min(capabilitiesOf(context.options.runner, run.workflow).maxRecipients ?? pageSize, pageSize);
  const recipients = [...new Set(reached.map(({ id }) => id))];
  const chunks = chunkRecipients(recipients, max).map((ids, index) => make(`members ${done.runs + index}`, ids));
  const held = waiting.map((userId) => make(`member ${userId}`, [userId], userId));
  const progress = {
    cursor: page.nextCursor,
    isLast: page.nextCursor === null,
    runs: done.runs + chunks.length,
    members: done.members + members.length,
    unknown: done.unknown + members.length - known.size,
    held: done.held + held.length,
  };
  return { runs: [...chunks, ...held], userIds: [...reached.map(({ userId }) => userId), ...waiting], progress };
}

type MakeRun = (part: string, recipients: readonly string[], waitingFor?: string) => NewRun;

function runMaker(context: SourceContext, run: RunRecord, request: ExpandRequest): MakeRun {
  const { environment, source, trigger, workflow, messageId } = run;
  const keyOf = context.keysOf({ environment, source });
  const { groupIds: _groups, exclude: _exclude, unidentified, ...shared } = request;
  const holdFor = (userId: string | undefined): RunHold | undefined => {
    if (userId === undefined || unidentified.kind !== "hold") return undefined;
    return { userId, forMs: unidentified.forMs, onExpiry: unidentified.onExpiry };
  };
  return (part, recipients, waitingFor) => {
    const hold = holdFor(waitingFor);
    const frozen = { ...shared, action: "trigger" as const, recipients };
    const planned = { trigger, workflow, action: "trigger" as const, ...(hold && { hold }) };
    return newRun(planned, messageId, part, frozen, { keyOf, isLazy: false });
  };
}

function readMembers(
  context: SourceContext,
  environment: string,
  groupIds: readonly string[],
  cursor: string | null,
): Promise<Page<string>> {
  const { groups } = context.options.storage;
  const params = { environment, groupIds, limit: pageSize, cursor: cursor ?? undefined };
  return context.storageCall("groups.members", (signal) => groups.members({ ...params, signal }));
}
