import { BellwireError } from "../core/errors.js";
import {
  anything,
  checkOptions,
  date,
  newId,
  type OptionChecks,
  object,
  requireOptions,
} from "../mapping/option-checks.js";
import { clampEventTime } from "../users/user-registers.js";
import { openCall, pageChecks } from "./check-call.js";
import type { InEnvironment } from "./in-environment.js";
import { knownUsers } from "./known-users.js";
import { boundedLimit } from "./page-limit.js";
import type { SegmentSourceGroups } from "./segment-source-groups.js";
import { audit } from "./source-audit.js";
import type { SourceContext } from "./source-context.js";

const memberLimits = { byDefault: 100, atMost: 1_000 };

const groupChecks: OptionChecks<Parameters<SegmentSourceGroups["identify"]>[0]> = {
  id: anything,
  at: date,
  traits: object,
};

export function createSourceGroups(context: SourceContext): SegmentSourceGroups {
  const { options, storageCall } = context;
  const { groups } = options.storage;
  const timeOf = (at: Date | undefined) => {
    const now = new Date(options.clock.now());
    return clampEventTime(at ?? now, now);
  };
  const setMember = async (groupId: string, userId: string, isMember: boolean, call: InEnvironment & { at?: Date }) => {
    const method = isMember ? "groups.addMember" : "groups.removeMember";
    const environment = openCall(options, method, { ids: { id: groupId, userId }, call, checks: { at: date } });
    newId(groupId, `${method}: id`);
    newId(userId, `${method}: userId`);
    const at = timeOf(call.at);
    const known = await knownUsers(context, environment, [userId]);
    const memberships = [{ groupId, userId: known.get(userId) ?? userId, isMember, at }];
    const changes = isMember ? [{ id: groupId, at, traits: {} }] : [];
    await storageCall("groups.update", (signal) => groups.update({ environment, changes, memberships, signal }));
  };
  return {
    async identify(group, call = {}) {
      checkGroup(group);
      const { id, at, traits = {} } = group;
      const environment = openCall(options, "groups.identify", { call });
      const changes = [{ id, at: timeOf(at), traits }];
      const [updated] = await storageCall("groups.update", (signal) =>
        groups.update({ environment, changes, memberships: [], signal }),
      );
      if (updated !== undefined) return updated;
      const message = "groups.update answered for no group.";
      throw new BellwireError({ code: "STORAGE_FAILED", message, retryable: true });
    },
    async get(id, call = {}) {
      const environment = openCall(options, "groups.get", { ids: { id }, call });
      const found = await storageCall("groups.find", (signal) => groups.find({ environment, ids: [id], signal }));
      return found[0] ?? null;
    },
    async members(id, call = {}) {
      const environment = openCall(options, "groups.members", { ids: { id }, call, checks: pageChecks });
      const { cursor } = call;
      const limit = boundedLimit(call.limit, memberLimits);
      return storageCall("groups.members", (signal) =>
        groups.members({ environment, groupIds: [id], limit, cursor, signal }),
      );
    },
    addMember: (id, userId, call = {}) => setMember(id, userId, true, call),
    removeMember: (id, userId, call = {}) => setMember(id, userId, false, call),
    async delete(id, call = {}) {
      const environment = openCall(options, "groups.delete", { ids: { id }, call });
      const at = new Date(options.clock.now());
      const wasKnown = await storageCall("groups.delete", (signal) => groups.delete({ environment, id, at, signal }));
      await audit(context, { action: "group_deleted", subject: id, environments: [environment], by: call.by });
      return wasKnown;
    },
  };
}

function checkGroup(group: unknown): void {
  requireOptions(group, "groups.identify", '{ id: "acme", traits: { name: "Acme" } }');
  const advice = " What is known of it goes into traits.";
  checkOptions(group, groupChecks, { at: "groups.identify: ", thing: "a member of a group", advice });
  newId(Reflect.get(group, "id"), "groups.identify: id");
}
