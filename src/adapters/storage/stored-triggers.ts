import type { EnvironmentOverride, StoredTrigger, TriggerOverride } from "../../storage/trigger-store.js";
import { decodedOf, decodedOrNull, isTrue, numberOf, type Row, textOf } from "./stored-row.js";

export function toStoredTrigger(row: Row): StoredTrigger {
  return {
    key: decodedOf(row, "trigger_key"),
    definition: textOf(row, "definition"),
    savedBy: decodedOrNull(row, "saved_by"),
    savedAt: new Date(numberOf(row, "saved_at")),
  };
}

export function toTriggerOverride(row: Row): TriggerOverride {
  return { ...changeOf(row), trigger: decodedOf(row, "trigger_key"), active: isTrue(row["active"]) };
}

export function toEnvironmentOverride(row: Row): EnvironmentOverride {
  return { ...changeOf(row), identify: isTrue(row["identify"]) };
}

function changeOf(row: Row) {
  return {
    environment: textOf(row, "environment"),
    changedBy: decodedOrNull(row, "changed_by"),
    changedAt: new Date(numberOf(row, "changed_at")),
  };
}
