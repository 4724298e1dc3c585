import { BellwireError } from "../core/errors.js";
import { runnerError } from "../runner/runner-error.js";
import { reportError } from "./report-error.js";
import type { SourceContext } from "./source-context.js";

const batchSize = 100;

/** Deletes users at the engine, where it keeps users of its own. */
export async function forgetAtEngine(
  context: SourceContext,
  environment: string,
  userIds: readonly string[],
): Promise<void> {
  const { runner } = context.options;
  if (runner.forget === undefined || userIds.length === 0) return;
  try {
    await context.runnerCall(async (signal) => runner.forget?.({ environment, userIds, signal }));
  } catch (cause) {
    report(context, environment, "Users were deleted here, but not at the engine: delete them there by hand.", cause);
  }
}

/**
 * Brings users who are stored already to the engine, where it keeps users of its own. An engine that cannot be reached is no reason
 * to fail the caller: it is logged and emitted.
 */
export async function tellEngine(context: SourceContext, environment: string, ids: readonly string[]): Promise<void> {
  const { runner, storage } = context.options;
  if (runner.identify === undefined) return;
  try {
    for (let from = 0; from < ids.length; from += batchSize) {
      const users = await context.storageCall("users.find", (signal) =>
        storage.users.find({ environment, ids: ids.slice(from, from + batchSize), signal }),
      );
      if (users.length > 0)
        await context.runnerCall(async (signal) => runner.identify?.({ environment, users, signal }));
    }
  } catch (cause) {
    const message = "Users were stored, but the engine could not be told; their next identify event tries again.";
    report(context, environment, message, cause);
  }
}

/**
 * @param at when it was said that they are to be created: who was deleted since then stays away
 * @returns who was created, by the ids that were asked for, each with the id that the user has now
 */
export async function createUsers(
  context: SourceContext,
  environment: string,
  ids: ReadonlySet<string>,
  at: Date,
): Promise<ReadonlyMap<string, string>> {
  if (ids.size === 0) return new Map();
  const changes = [...ids].map((id) => ({ id, at, attributes: {} }));
  const { users } = context.options.storage;
  const updates = await context.storageCall("users.update", (signal) => users.update({ environment, changes, signal }));
  const created = new Map(
    changes.flatMap(({ id }, index) => {
      const updated = updates[index];
      return updated === undefined || updated.status === "deleted" ? [] : [[id, updated.id] as const];
    }),
  );
  await tellEngine(context, environment, [...new Set(created.values())]);
  return created;
}

function report(context: SourceContext, environment: string, message: string, cause: unknown): void {
  const error = BellwireError.is(cause) ? cause : runnerError("ambiguous", message, { cause });
  reportError(context, environment, error, message);
}
