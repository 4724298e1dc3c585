import type { Clock } from "../core/clock.js";
import type { Logger } from "../core/logger.js";
import type {
  EnvironmentOverride,
  SourceOverrides,
  StoredTrigger,
  TriggerOverride,
  TriggerStore,
} from "../storage/trigger-store.js";
import type { StorageCall } from "./storage-call.js";

/** What was switched at run time, over what the code says. */
export interface Overrides {
  /** What `current` would resolve to at once; `null` where it has to read. */
  fresh(): OverrideView | null;
  /** At most `ttlMs` old. While storage fails, what was last read stands; where nothing ever was, the call rejects. */
  current(): Promise<OverrideView>;
  /** As storage has it now: for people, who may have just changed it in another process. */
  latest(): Promise<OverrideView>;
  setTrigger(override: TriggerOverride): Promise<void>;
  setEnvironment(override: EnvironmentOverride): Promise<void>;
  save(trigger: StoredTrigger): Promise<void>;
  remove(key: string): Promise<boolean>;
}

export interface OverrideView {
  trigger(environment: string, trigger: string): TriggerOverride | null;
  environment(environment: string): EnvironmentOverride | null;
}

export interface OverridesOptions {
  readonly source: string;
  readonly store: TriggerStore;
  readonly storageCall: StorageCall;
  readonly clock: Clock;
  readonly ttlMs: number;
  readonly logger: Logger;
  /** Takes over the stored triggers, each time they were read. */
  readonly onStored: (stored: readonly StoredTrigger[]) => void;
}

export function createOverrides(options: OverridesOptions): Overrides {
  const { source, store, storageCall, clock, ttlMs, logger } = options;
  let view: OverrideView | null = null;
  let freshUntil = Number.NEGATIVE_INFINITY;
  let loading: Promise<OverrideView> | null = null;
  // A load that started before a write must not bring back what the write replaced.
  let generation = 0;

  const load = async (): Promise<OverrideView> => {
    const startedIn = generation;
    try {
      const overrides = await storageCall("triggers.load", (signal) => store.load({ source, signal }));
      const loaded = createView(overrides);
      // What is out of date is better than nothing.
      if (generation === startedIn || view === null) options.onStored(overrides.stored);
      if (generation === startedIn) {
        view = loaded;
        freshUntil = clock.now() + ttlMs;
      }
      return loaded;
    } catch (error) {
      if (view === null) throw error;
      logger.warn({ err: error, source }, "overrides could not be read; those last read stay in force");
      if (generation === startedIn) freshUntil = clock.now() + ttlMs;
      return view;
    } finally {
      if (generation === startedIn) loading = null;
    }
  };

  const forget = () => {
    generation += 1;
    loading = null;
    freshUntil = Number.NEGATIVE_INFINITY;
  };

  const fresh = () => (clock.now() < freshUntil ? view : null);

  const current = () => {
    const known = fresh();
    if (known !== null) return Promise.resolve(known);
    loading ??= load();
    return loading;
  };

  return {
    fresh,
    current,
    latest() {
      forget();
      return current();
    },
    async setTrigger(override) {
      await storageCall("triggers.setActive", (signal) => store.setActive({ source, override, signal }));
      forget();
    },
    async setEnvironment(override) {
      await storageCall("triggers.setEnvironment", (signal) => store.setEnvironment({ source, override, signal }));
      forget();
    },
    async save(trigger) {
      await storageCall("triggers.save", (signal) => store.save({ source, trigger, signal }));
      forget();
    },
    async remove(key) {
      const removed = await storageCall("triggers.remove", (signal) => store.remove({ source, key, signal }));
      forget();
      return removed;
    },
  };
}

function createView(overrides: SourceOverrides): OverrideView {
  const triggers = new Map(
    overrides.triggers.map((override) => [JSON.stringify([override.environment, override.trigger]), override]),
  );
  const environments = new Map(overrides.environments.map((override) => [override.environment, override]));
  return {
    // Most sources never switch anything at run time; they should not pay for building a key.
    trigger: (environment, trigger) =>
      triggers.size === 0 ? null : (triggers.get(JSON.stringify([environment, trigger])) ?? null),
    environment: (environment) => environments.get(environment) ?? null,
  };
}
