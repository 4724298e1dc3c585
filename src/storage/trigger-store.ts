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

export interface SourceOverrides {
  readonly triggers: readonly TriggerOverride[];
  readonly environments: readonly EnvironmentOverride[];
}

export interface TriggerStore {
  /** All overrides of a source; read by every process every few seconds, so keep it one cheap query. */
  load(params: Abortable & { readonly source: string }): Promise<SourceOverrides>;
  /** The last write wins. */
  setActive(params: Abortable & { readonly source: string; readonly override: TriggerOverride }): Promise<void>;
  /** The last write wins. */
  setEnvironment(
    params: Abortable & { readonly source: string; readonly override: EnvironmentOverride },
  ): Promise<void>;
}
