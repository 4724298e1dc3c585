import { messageOf } from "../core/errors.js";
import type { Logger } from "../core/logger.js";
import type { StoredTrigger } from "../storage/trigger-store.js";
import type { CompiledTrigger } from "../triggers/compile-trigger.js";
import type { TriggerDefinition } from "../triggers/trigger-definition.js";
import type { TriggerRegistry } from "../triggers/trigger-registry.js";

/** A stored trigger as this process has it. */
export interface StoredTriggerEntry {
  readonly record: StoredTrigger;
  /** With a `problem`: whatever was stored. */
  readonly definition: TriggerDefinition;
  /** `null` while it can not be used. */
  readonly compiled: CompiledTrigger | null;
  readonly problem: string | null;
}

/** The triggers that were saved at run time, kept in the registry beside those of the code, which come first. */
export interface StoredTriggers {
  /** Brings the registry in line with what storage has; only what changed is compiled. */
  sync(stored: readonly StoredTrigger[]): void;
  get(key: string): StoredTriggerEntry | null;
  /** In the order of their keys. */
  list(): readonly StoredTriggerEntry[];
  /** Takes the one of this key out of the registry: the code has one. */
  giveWay(key: string): void;
  /** Whether a trigger of the registry is a stored one. */
  includes(trigger: CompiledTrigger): boolean;
}

export interface StoredTriggersOptions {
  readonly source: string;
  readonly registry: TriggerRegistry;
  /** Checks, compiles and registers. */
  readonly register: (definition: TriggerDefinition) => CompiledTrigger;
  readonly logger: Logger;
}

const ofCode = "The code registers a trigger of this key, which is used instead. Rename or remove one of the two.";

export function createStoredTriggers({ source, registry, register, logger }: StoredTriggersOptions): StoredTriggers {
  let entries: ReadonlyMap<string, StoredTriggerEntry> = new Map();
  const includes = (trigger: CompiledTrigger) => entries.get(trigger.key)?.compiled === trigger;

  const refuse = (record: StoredTrigger, definition: TriggerDefinition, problem: string): StoredTriggerEntry => {
    if (entries.get(record.key)?.problem !== problem)
      logger.warn({ source, trigger: record.key, problem }, "a stored trigger can not be used and is passed over");
    return { record, definition, compiled: null, problem };
  };

  const compile = (record: StoredTrigger): StoredTriggerEntry => {
    const { definition, problem } = readDefinition(record);
    if (problem !== null) return refuse(record, definition, problem);
    try {
      return { record, definition, compiled: register(definition), problem };
    } catch (error) {
      return refuse(record, definition, messageOf(error));
    }
  };

  const update = (record: StoredTrigger): StoredTriggerEntry => {
    const known = entries.get(record.key);
    const registered = registry.get(record.key);
    if (registered !== null && !includes(registered)) {
      return refuse(record, readDefinition(record).definition, ofCode);
    }
    const isSame = known?.record.definition === record.definition && known.problem !== ofCode;
    if (known !== undefined && isSame) return { ...known, record };
    if (registered !== null) registry.unregister(record.key);
    return compile(record);
  };

  return {
    sync(stored) {
      const keys = new Set(stored.map(({ key }) => key));
      for (const { record, compiled } of entries.values()) {
        if (compiled !== null && !keys.has(record.key) && includes(compiled)) registry.unregister(record.key);
      }
      const sorted = [...stored].sort((left, right) => (left.key < right.key ? -1 : 1));
      entries = new Map(sorted.map((record) => [record.key, update(record)]));
    },
    get: (key) => entries.get(key) ?? null,
    list: () => [...entries.values()],
    giveWay(key) {
      const entry = entries.get(key);
      if (entry?.compiled === null || entry === undefined) return;
      registry.unregister(key);
      entries = new Map(entries).set(key, { ...entry, compiled: null, problem: ofCode });
    },
    includes,
  };
}

function readDefinition(record: StoredTrigger): Pick<StoredTriggerEntry, "definition" | "problem"> {
  try {
    const definition: TriggerDefinition = JSON.parse(record.definition);
    return { definition, problem: definition.key === record.key ? null : "It was stored under another key." };
  } catch {
    // There is nothing to show of it but its key.
    return { definition: JSON.parse(JSON.stringify({ key: record.key })), problem: "What was stored is not JSON." };
  }
}
