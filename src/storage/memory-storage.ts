import { type Clock, systemClock } from "../core/clock.js";
import { anything, checkOptions, number, type OptionChecks } from "../mapping/option-checks.js";
import { MemoryAudit } from "./memory-audit.js";
import { MemoryDeletions } from "./memory-deletions.js";
import { memoryEventStore } from "./memory-events.js";
import { MemoryGroups } from "./memory-groups.js";
import { memoryRunStore } from "./memory-runs.js";
import { MemoryState } from "./memory-state.js";
import { MemoryUsers } from "./memory-users.js";
import type { FullStorage } from "./storage.js";
import type { EnvironmentOverride, StoredTrigger, TriggerOverride, TriggerStore } from "./trigger-store.js";

export interface MemoryStorageOptions {
  /**
   * Finished events above this number are forgotten, oldest first, and no longer known as duplicates; fewer are kept where they have
   * more than 20 runs and recipients on average, so that memory stays bounded. @default 10,000
   */
  readonly maxEvents?: number | undefined;
  /** Of each environment. @default 100,000 */
  readonly maxUsers?: number | undefined;
  /** What leases go by. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

const memoryChecks: OptionChecks<MemoryStorageOptions> = { maxEvents: number, maxUsers: number, clock: anything };
const maxAuditEntries = 10_000;

/**
 * Keeps everything in the memory of this process: for tests and for trying things. Events, users and visitors are bounded in number;
 * groups, memberships and the hashes of who was deleted are not. Sources that are given the same one share it as processes share a
 * database.
 * @throws `CONFIG_INVALID`
 */
export function memoryStorage(options: MemoryStorageOptions = {}): FullStorage {
  checkOptions(options, memoryChecks, { at: "memoryStorage: " });
  const clock = options.clock ?? systemClock;
  const deletions = new MemoryDeletions();
  const users = new MemoryUsers(options.maxUsers ?? 100_000, deletions, clock);
  const groups = new MemoryGroups(deletions);
  const audit = new MemoryAudit(maxAuditEntries);
  const state = new MemoryState(clock, options.maxEvents ?? 10_000);
  return {
    events: memoryEventStore(state, { deletions, users, audit }),
    runs: memoryRunStore(state, groups, users),
    users: users.store(),
    groups: groups.store(),
    triggers: memoryTriggerStore(),
    audit: audit.store(),
  };
}

function memoryTriggerStore(): TriggerStore {
  const triggers = new Map<string, { readonly source: string; readonly override: TriggerOverride }>();
  const environments = new Map<string, { readonly source: string; readonly override: EnvironmentOverride }>();
  const stored = new Map<string, { readonly source: string; readonly trigger: StoredTrigger }>();
  return {
    load: async ({ source }) => ({
      triggers: [...triggers.values()].flatMap((kept) => (kept.source === source ? [kept.override] : [])),
      environments: [...environments.values()].flatMap((kept) => (kept.source === source ? [kept.override] : [])),
      stored: [...stored.values()].flatMap((kept) => (kept.source === source ? [kept.trigger] : [])),
    }),
    setActive: async ({ source, override }) => {
      triggers.set(JSON.stringify([source, override.environment, override.trigger]), { source, override });
    },
    setEnvironment: async ({ source, override }) => {
      environments.set(JSON.stringify([source, override.environment]), { source, override });
    },
    save: async ({ source, trigger }) => {
      stored.set(JSON.stringify([source, trigger.key]), { source, trigger });
    },
    remove: async ({ source, key }) => {
      if (!stored.delete(JSON.stringify([source, key]))) return false;
      for (const [place, kept] of triggers) {
        if (kept.source === source && kept.override.trigger === key) triggers.delete(place);
      }
      return true;
    },
  };
}
