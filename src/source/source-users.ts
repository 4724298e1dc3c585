import { BellwireError } from "../core/errors.js";
import {
  anything,
  checkOptions,
  date,
  listOf,
  newId,
  type OptionCheck,
  type OptionChecks,
  object,
  requiredText,
  requireOptions,
  text,
} from "../mapping/option-checks.js";
import { clampEventTime } from "../users/user-registers.js";
import { openCall, pageChecks } from "./check-call.js";
import { eraseUser } from "./erase-user.js";
import { knownUsers } from "./known-users.js";
import { mergeUsers } from "./merge-users.js";
import { boundedLimit } from "./page-limit.js";
import type { SegmentSourceUsers } from "./segment-source.js";
import { audit, hashOfUser } from "./source-audit.js";
import type { SourceContext } from "./source-context.js";
import { forgetAtEngine, tellEngine } from "./tell-engine.js";

const words: OptionCheck = (value, name) => {
  if (value !== null) text(value, name);
};

const userChecks: OptionChecks<Parameters<SegmentSourceUsers["identify"]>[0]> = {
  id: anything,
  at: date,
  email: words,
  phoneNumber: words,
  avatar: words,
  name: words,
  locale: words,
  timezone: words,
  createdAt: words,
  properties: object,
};

const mergeChecks: OptionChecks<Parameters<SegmentSourceUsers["merge"]>[0]> = {
  from: newId,
  into: newId,
};

/** Dispatches the held runs of users who are known now. */
export type ReleaseHeld = (environment: string, userIds: readonly string[]) => Promise<void>;

export function createSourceUsers(context: SourceContext, release: ReleaseHeld): SegmentSourceUsers {
  const { options, storageCall, emitter } = context;
  const { users } = options.storage;
  return {
    async identify(user, inEnvironment = {}) {
      checkUser(user);
      const { id, at, ...attributes } = user;
      const environment = openCall(options, "users.identify", { call: inEnvironment });
      const now = new Date(options.clock.now());
      const change = { id, at: clampEventTime(at ?? now, now), attributes };
      const [updated] = await storageCall("users.update", (signal) =>
        users.update({ environment, changes: [change], signal }),
      );
      if (updated === undefined) {
        throw new BellwireError({
          code: "STORAGE_FAILED",
          message: "users.update answered for no user.",
          retryable: true,
        });
      }
      if (updated.status !== "unchanged") emitter.emit("user", { source: options.key, environment, user: updated });
      if (updated.status === "deleted") return updated;
      await tellEngine(context, environment, [id]);
      // Whom another id was merged into may be waited for under either.
      await release(environment, [...new Set([id, updated.id])]);
      return updated;
    },
    async notifyIdentified(ids, inEnvironment = {}) {
      listOf(requiredText)(ids, "users.notifyIdentified: ids");
      await release(openCall(options, "users.notifyIdentified", { call: inEnvironment }), ids);
    },
    async get(id, inEnvironment = {}) {
      const environment = openCall(options, "users.get", { ids: { id }, call: inEnvironment });
      const found = await storageCall("users.find", (signal) => users.find({ environment, ids: [id], signal }));
      return found[0] ?? null;
    },
    async list(call = {}) {
      const environment = openCall(options, "users.list", { call, checks: { search: text, ...pageChecks } });
      const { search, limit, cursor } = call;
      const wanted = search?.trim() === "" ? undefined : search?.trim();
      const params = { environment, search: wanted, limit: boundedLimit(limit), cursor };
      return storageCall("users.list", async (signal) => {
        if (users.list === undefined) throw cannotList();
        return users.list({ ...params, signal });
      });
    },
    async history(id, inEnvironment = {}) {
      const environment = openCall(options, "users.history", { ids: { id }, call: inEnvironment });
      return storageCall("users.history", async (signal) => users.history?.({ environment, id, signal }) ?? null);
    },
    async merge(ids, inEnvironment = {}) {
      checkMerge(ids);
      const { from, into } = ids;
      const environment = openCall(options, "users.merge", { call: inEnvironment });
      if (from === into) return;
      if (users.merge === undefined) throw cannotMerge();
      await mergeUsers(context, environment, { from, into });
      // Runs wait for somebody who is known; who was told of by either id is so under both.
      const known = await knownUsers(context, environment, [into]);
      if (known.size > 0) await release(environment, [...new Set([from, into, ...known.values()])]);
    },
    async delete(id, inEnvironment = {}) {
      const environment = openCall(options, "users.delete", { ids: { id }, call: inEnvironment });
      const at = new Date(options.clock.now());
      const { wasKnown, gone } = await eraseUser(context, environment, { id, at, sparesLater: false });
      await forgetAtEngine(context, environment, gone);
      const subject = hashOfUser(environment, id);
      await audit(context, { action: "user_deleted", subject, environments: [environment], by: inEnvironment.by });
      return wasKnown;
    },
  };
}

function checkUser(user: unknown): void {
  requireOptions(user, "users.identify", '{ id: "ada", email: "ada@example.com" }');
  const advice = " What else is known goes into properties.";
  checkOptions(user, userChecks, { at: "users.identify: ", thing: "an attribute of a user", advice });
  newId(Reflect.get(user, "id"), "users.identify: id");
}

function checkMerge(ids: unknown): void {
  requireOptions(ids, "users.merge", '{ from: "old-id", into: "ada" }');
  checkOptions(ids, mergeChecks, { at: "users.merge: ", thing: "an id", required: ["from", "into"] });
}

function cannotMerge(): BellwireError {
  const message = "The users store can not merge users: give it a merge, or merge them where they are kept.";
  return new BellwireError({ code: "STORAGE_UNSUPPORTED", message });
}

function cannotList(): BellwireError {
  return new BellwireError({
    code: "STORAGE_UNSUPPORTED",
    message: "The storage of users can not list them. Give it a users.list, or look a user up by id.",
  });
}
