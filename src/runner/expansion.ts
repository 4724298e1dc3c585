import type { UnidentifiedPolicy } from "../triggers/unidentified.js";
import type { WorkflowRunRequest } from "./runner.js";

/** The run that makes runs for the members of groups: what each of these is to be, but for the recipients. */
export interface ExpandRequest extends Omit<WorkflowRunRequest, "action" | "recipients"> {
  readonly action: "expand";
  readonly groupIds: readonly string[];
  /** Members who are not notified by it: the actor, and those who are recipients by themselves. */
  readonly exclude: readonly string[];
  readonly unidentified: UnidentifiedPolicy;
}

/** How far it has come. */
export interface ExpandProgress {
  /** Of the page of members that comes next; `null` before the first. */
  readonly cursor: string | null;
  readonly isLast: boolean;
  /** Runs made. */
  readonly runs: number;
  /** Members come to, unknown ones too. */
  readonly members: number;
  readonly unknown: number;
  /** Of the unknown ones: who has a run of their own, which waits until they are identified. */
  readonly held: number;
}

export const startOfExpansion: ExpandProgress = {
  cursor: null,
  isLast: false,
  runs: 0,
  members: 0,
  unknown: 0,
  held: 0,
};
