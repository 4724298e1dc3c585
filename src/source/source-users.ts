import { BellwireError } from "../core/errors.js";
import { clampEventTime } from "../users/user-registers.js";
import type { SegmentSourceUsers } from "./segment-source.js";
import { resolveEnvironment, type SourceContext, throwIfAborted } from "./source-context.js";
import { forgetAtEngine, tellEngine } from "./tell-engine.js";

/** Dispatches the held runs of users who are known now. */
export type ReleaseHeld = (environment: string, userIds: readonly string[]) => Promise<void>;

export function createSourceUsers(context: SourceContext, release: ReleaseHeld): SegmentSourceUsers {
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
      await tellEngine(context, environment, [id]);
      await release(environment, [id]);
      return user;
    },
    async notifyIdentified(ids, inEnvironment = {}) {
      throwIfAborted(inEnvironment.signal);
      await release(resolveEnvironment(options, inEnvironment.environment), ids);
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
      await release(environment, [from, into]);
    },
    async delete(id, inEnvironment = {}) {
      throwIfAborted(inEnvironment.signal);
      const environment = resolveEnvironment(options, inEnvironment.environment);
      const at = new Date(options.clock.now());
      // The user first: from then on no event can bring them back while theirs are being erased.
      const ids = await storageCall("users.delete", (signal) => users.delete({ environment, id, at, signal }));
      for (const userId of new Set([id, ...ids])) {
        await storageCall("events.erase", (signal) => options.storage.events.erase({ environment, userId, signal }));
      }
      await forgetAtEngine(context, environment, [...new Set([id, ...ids])]);
      return ids.length > 0;
    },
  };
}
