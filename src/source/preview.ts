import { createSafeEmitter } from "../core/safe-emitter.js";
import type { PayloadResult } from "../outcome/outcome.js";
import { capabilitiesOf } from "../runner/runner.js";
import { runnerError } from "../runner/runner-error.js";
import type { CompleteStorage, CompleteUserStore } from "../storage/complete-users.js";
import type { GroupStore } from "../storage/group-store.js";
import { noAssumptions } from "./assumptions.js";
import { handlePayload } from "./handle-payload.js";
import type { PreviewOptions } from "./segment-source.js";
import { resolveEnvironment, type SourceContext } from "./source-context.js";
import { withTriggers } from "./with-triggers.js";

/** What would come of a payload: the pipeline itself, over a storage that reads and does not write. */
export async function previewPayload(
  context: SourceContext,
  payload: unknown,
  { triggers, users = [], ...options }: PreviewOptions,
): Promise<PayloadResult> {
  const environment = resolveEnvironment(context.options, options.environment);
  const { runner } = context.options;
  const reading: SourceContext = {
    ...context,
    options: {
      ...context.options,
      storage: readOnly(context.options.hostStorage, new Set(users)),
      dispatch: "background",
      runner: {
        capabilities: runner.capabilities,
        capabilitiesOf: (workflow) => capabilitiesOf(runner, workflow),
        trigger: () => Promise.reject(runnerError("permanent", "A preview sends nothing.")),
      },
    },
    registry: withTriggers(context, triggers).registry,
    assumptions: noAssumptions,
    emitter: createSafeEmitter(() => undefined),
  };
  const scope = { environment, source: context.options.key };
  return handlePayload(reading, { scope, payload, options, owner: "preview", track: () => undefined });
}

function readOnly(storage: CompleteStorage, known: ReadonlySet<string>): CompleteStorage {
  return {
    triggers: storage.triggers,
    groups: readOnlyGroups(storage.groups),
    audit: storage.audit,
    users: readOnlyUsers(storage.users, new Set(known)),
    events: {
      ...storage.events,
      record: async ({ events }) => events.map(() => ({ status: "new", claimed: [], stored: null })),
      erase: async () => 0,
      eraseMentions: async () => ({ erased: 0, nextCursor: null }),
    },
    runs: {
      ...storage.runs,
      settle: async () => [],
      release: async () => undefined,
      wake: async () => [],
      expand: async () => ({ status: "lease_lost" }),
      decide: async () => ({ changed: [], claimed: [] }),
    },
  };
}

/** @param known grows by the users whom the payload tells of */
function readOnlyUsers(users: CompleteUserStore, known: Set<string>): CompleteUserStore {
  return {
    find: (params) => users.find(params),
    known: async (params) => {
      const stored = await users.known(params);
      return new Map([...params.ids.filter((id) => known.has(id)).map((id) => [id, id] as const), ...stored]);
    },
    update: async ({ environment, changes }) => {
      const stored = await users.known({ environment, ids: changes.map(({ id }) => id) });
      return changes.map(({ id }) => {
        const status = stored.has(id) || known.has(id) ? "updated" : "created";
        known.add(id);
        return { id: stored.get(id) ?? id, status };
      });
    },
    ...(users.merge !== undefined && { merge: async () => undefined }),
    ...(users.updateVisitors !== undefined && {
      updateVisitors: async ({ changes }) => changes.map(() => ({ status: "kept" as const, userId: null })),
    }),
    delete: async () => [],
  };
}

function readOnlyGroups(groups: GroupStore): GroupStore {
  return {
    find: (params) => groups.find(params),
    members: (params) => groups.members(params),
    update: async ({ environment, changes }) => {
      const stored = await groups.find({ environment, ids: changes.map(({ id }) => id) });
      const known = new Set(stored.map(({ id }) => id));
      return changes.map(({ id }) => {
        const status = known.has(id) ? "updated" : "created";
        known.add(id);
        return { id, status };
      });
    },
    moveMember: async () => undefined,
    eraseMember: async () => undefined,
    delete: async () => false,
  };
}
