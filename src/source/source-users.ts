import { BellwireError } from "../core/errors.js";
import { runnerError } from "../runner/runner-error.js";
import { clampEventTime } from "../users/user-registers.js";
import type { SegmentSourceUsers } from "./segment-source.js";
import { resolveEnvironment, type SourceContext, throwIfAborted } from "./source-context.js";

export function createSourceUsers(context: SourceContext): SegmentSourceUsers {
  const { options, storageCall, emitter } = context;
  const { users } = options.storage;
  return {
    async identify({ id, at, ...attributes }, inEnvironment = {}) {
      throwIfAborted(inEnvironment.signal);
      const environment = resolveEnvironment(options, inEnvironment.environment);
      const now = new Date(options.clock.now());
      const change = { id, at: clampEventTime(at ?? now, now), attributes };
      const [user] = await storageCall("users.update", (signal) =>
        users.update({ environment, changes: [change], signal }),
      );
      if (user === undefined) {
        throw new BellwireError({
          code: "STORAGE_FAILED",
          message: "users.update answered for no user.",
          retryable: true,
        });
      }
      emitter.emit("user", { source: options.key, environment, user });
      await tellEngine(context, environment, id);
      return user;
    },
    async get(id, inEnvironment = {}) {
      throwIfAborted(inEnvironment.signal);
      const environment = resolveEnvironment(options, inEnvironment.environment);
      const found = await storageCall("users.find", (signal) => users.find({ environment, ids: [id], signal }));
      return found[0] ?? null;
    },
    async merge({ from, into }, inEnvironment = {}) {
      throwIfAborted(inEnvironment.signal);
      const environment = resolveEnvironment(options, inEnvironment.environment);
      if (from === into) return;
      await storageCall("users.merge", (signal) => users.merge({ environment, from, into, signal }));
    },
    async delete(id, inEnvironment = {}) {
      throwIfAborted(inEnvironment.signal);
      const environment = resolveEnvironment(options, inEnvironment.environment);
      const at = new Date(options.clock.now());
      // The user first: from then on no event can bring them back while theirs are being erased.
      const known = await storageCall("users.delete", (signal) => users.delete({ environment, id, at, signal }));
      await storageCall("events.erase", (signal) => options.storage.events.erase({ environment, userId: id, signal }));
      return known;
    },
  };
}

/** The user is stored by now: an engine that cannot be reached is no reason to fail the call. */
async function tellEngine(context: SourceContext, environment: string, id: string): Promise<void> {
  const { runner, storage, logger, key } = context.options;
  if (runner.identify === undefined) return;
  try {
    const users = await context.storageCall("users.find", (signal) =>
      storage.users.find({ environment, ids: [id], signal }),
    );
    await runner.identify({ environment, users, signal: AbortSignal.timeout(context.options.runTimeoutMs) });
  } catch (cause) {
    const message = "A user was stored, but the engine could not be told; the next identify of this user tries again.";
    const error = BellwireError.is(cause) ? cause : runnerError("ambiguous", message, { cause });
    logger.error({ err: error, source: key, environment }, message);
    context.emitter.emit("error", { source: key, environment, error });
  }
}
