import { createSafeEmitter } from "../core/safe-emitter.js";
import type { PayloadResult } from "../outcome/outcome.js";
import { capabilitiesOf } from "../runner/runner.js";
import { runnerError } from "../runner/runner-error.js";
import type { UserSyncRequest } from "../runner/user-sync.js";
import type { CompleteStorage, CompleteUserStore } from "../storage/complete-users.js";
import type { GroupStore } from "../storage/group-store.js";
import type { NewEvent } from "../storage/storage.js";
import { noAssumptions } from "./assumptions.js";
import { handlePayload } from "./handle-payload.js";
import type { PreviewedRequest, PreviewOptions } from "./payload-options.js";
import type { RunRequest } from "./run-request.js";
import { resolveEnvironment, type SourceContext } from "./source-context.js";
import { withTriggers } from "./with-triggers.js";

/** What would come of a payload: the pipeline itself, over a storage that reads and does not write. */
export async function previewPayload(
  context: SourceContext,
  payload: unknown,
  { triggers, users = [], onRequest, ...options }: PreviewOptions,
): Promise<PayloadResult> {
  const environment = resolveEnvironment(context.options, options.environment);
  const { runner } = context.options;
  const planned: NewEvent[] = [];
  const reading: SourceContext = {
    ...context,
    options: {
      ...context.options,
      storage: readOnly(context.options.hostStorage, users, (event) => planned.push(event)),
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
  const result = await handlePayload(reading, { scope, payload, options, owner: "preview", track: () => undefined });
  // Only now, so that what the host's function throws is not taken for a failure of the storage.
  if (onRequest !== undefined) tellRequests(planned, onRequest);
  return result;
}

function readOnly(
  storage: CompleteStorage,
  known: readonly string[],
  onRecord: (event: NewEvent) => void,
): CompleteStorage {
  return {
    triggers: storage.triggers,
    groups: readOnlyGroups(storage.groups),
    audit: storage.audit,
    users: readOnlyUsers(storage.users, new Set(known)),
    events: {
      ...storage.events,
      // What is handed over is read, and nothing of it written.
      readsByName: true,
      record: async ({ events }) => {
        for (const event of events) onRecord(event);
        return events.map(() => ({ status: "new", claimed: [], stored: null }));
      },
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

function tellRequests(events: readonly NewEvent[], onRequest: (previewed: PreviewedRequest) => void): void {
  for (const { messageId, runs } of events) {
    for (const { trigger, request } of runs) {
      const planned: RunRequest = JSON.parse(request);
      // Users are brought to the engine whatever triggers there are.
      if (planned.action !== "identify") onRequest({ messageId, trigger, request: toPreviewed(planned) });
    }
  }
}

function toPreviewed(planned: Exclude<RunRequest, UserSyncRequest>): PreviewedRequest["request"] {
  if (planned.action !== "expand") return planned;
  const { workflow, groupIds, actor, tenant, data, cancellationKey } = planned;
  const recipients = groupIds.map((id) => ({ collection: "groups", id }));
  return { action: "trigger", workflow, recipients, actor, tenant, data, cancellationKey };
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
    ...(users.merge !== undefined && { merge: async () => ({ status: "merged" as const }) }),
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
