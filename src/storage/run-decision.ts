import type { RunDecision, RunStatus } from "./run-store.js";

/** Which runs a decision is for, and what they become. */
export interface RunChange {
  /** Runs in any other status stay as they are. */
  readonly from: readonly RunStatus[];
  readonly to: "pending" | "dropped";
}

/** What each decision does to a run. */
export const runDecisions: Readonly<Record<RunDecision, RunChange>> = {
  retry: { from: ["failed", "dead", "uncertain"], to: "pending" },
  release: { from: ["held"], to: "pending" },
  drop: { from: ["pending", "held", "failed", "dead", "uncertain"], to: "dropped" },
};
