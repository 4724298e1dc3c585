/** The run that brings users to the engine; what is sent is each user as known when it is sent. */
export interface UserSyncRequest {
  readonly action: "identify";
  readonly userIds: readonly string[];
}

/** Stands where a run names its trigger and its workflow; no trigger can have it for a key. */
export const userSyncTrigger = "$identify";
