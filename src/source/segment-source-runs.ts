import type { Page } from "../storage/page.js";
import type { RunRecord, RunStatus } from "../storage/run-store.js";
import type { ChangedBy, InEnvironment } from "./in-environment.js";

export interface ListRunsOptions extends InEnvironment {
  /** @default every status */
  readonly status?: RunStatus | undefined;
  /** @default 50, and 500 at most */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/**
 * The runs of a source, and what a person decides about them. Keys are idempotency keys, any number at once; a key whose run is in
 * another status by now is passed over. Each method answers with how many runs it changed. With `dispatch: "inline"` what becomes
 * pending is sent by this call, which waits for it as long as `deadline` allows; in the background it is left to `start()`.
 */
export interface SegmentSourceRuns {
  /** Newest first, by the time at which their events were received. */
  list(options?: ListRunsOptions): Promise<Page<RunRecord>>;
  /**
   * Sends runs again that are `failed`, `dead` or `uncertain`: the same request under the same idempotency key, with `maxAttempts` new
   * attempts. Whether an earlier attempt went through, and whether the engine would know its key again, is the caller's to judge: an
   * engine that has forgotten the key notifies a second time.
   */
  retry(keys: readonly string[], options?: InEnvironment & ChangedBy): Promise<number>;
  /** Sends runs now that are `held`, as if their recipients had been identified. */
  release(keys: readonly string[], options?: InEnvironment & ChangedBy): Promise<number>;
  /**
   * Ends runs that are `pending`, `held`, `failed`, `dead` or `uncertain` as `dropped`: they are not sent any more. One whose attempt is
   * under way at this moment may arrive all the same.
   */
  drop(keys: readonly string[], options?: InEnvironment & ChangedBy): Promise<number>;
}
