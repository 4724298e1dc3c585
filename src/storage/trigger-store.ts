import type { Abortable } from "./scope.js";

/** A trigger switched on or off at run time, over what the code says. */
export interface TriggerOverride {
  readonly environment: string;
  readonly trigger: string;
  readonly active: boolean;
  readonly changedBy: string | null;
  readonly changedAt: Date;
}

/** A setting of an environment changed at run time, over what the code says. */
export interface EnvironmentOverride {
  readonly environment: string;
  readonly identify: boolean;
  readonly changedBy: string | null;
  readonly changedAt: Date;
}

/** A trigger that was saved at run time. */
export interface StoredTrigger {
  /** Unique in its source. */
  readonly key: string;
  /** JSON text of its definition; it may have been written by another version. */
  readonly definition: string;
  readonly savedBy: string | null;
  readonly savedAt: Date;
}

export interface SourceOverrides {
  readonly triggers: readonly TriggerOverride[];
  readonly environments: readonly EnvironmentOverride[];
  readonly stored: readonly StoredTrigger[];
}

export interface TriggerStore {
  /** All overrides and stored triggers of a source, in any order; read by every process every few seconds, so keep it one cheap query. */
  load(params: Abortable & { readonly source: string }): Promise<SourceOverrides>;
  /** The last write wins. */
  setActive(params: Abortable & { readonly source: string; readonly override: TriggerOverride }): Promise<void>;
  /** The last write wins. */
  setEnvironment(
    params: Abortable & { readonly source: string; readonly override: EnvironmentOverride },
  ): Promise<void>;
  /** Creates or replaces; the last write wins. */
  save(params: Abortable & { readonly source: string; readonly trigger: StoredTrigger }): Promise<void>;
  /** Takes out a stored trigger together with the overrides of its key; atomic. `false` when none was stored. */
  remove(params: Abortable & { readonly source: string; readonly key: string }): Promise<boolean>;
}
