import type { ExpandRequest } from "../runner/expansion.js";
import type { WorkflowCancelRequest, WorkflowRunRequest } from "../runner/runner.js";
import type { UserSyncRequest } from "../runner/user-sync.js";

/** What a run was frozen to. */
export type RunRequest = WorkflowRunRequest | WorkflowCancelRequest | UserSyncRequest | ExpandRequest;
