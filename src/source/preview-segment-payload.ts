import type { PayloadResult } from "../outcome/outcome.js";
import { functionRunner } from "../runner/function-runner.js";
import { memoryStorage } from "../storage/memory-storage.js";
import { createSegmentSource } from "./create-segment-source.js";
import type { SegmentSourceOptions } from "./source-options.js";

export interface PreviewSegmentPayloadOptions
  extends Pick<SegmentSourceOptions, "triggers" | "workflows" | "unidentified" | "identifyFrom" | "traits"> {
  /** Ids of users who are to count as known. */
  readonly users?: readonly string[];
}

/**
 * What would come of a payload, with no source at all: no storage, no runner, no network. A run that would be sent is `pending`.
 *
 * @throws `PAYLOAD_*`, `CONFIG_TRIGGER_INVALID`, `CONFIG_PATH_INVALID`
 */
export function previewSegmentPayload(
  payload: unknown,
  { users = [], ...options }: PreviewSegmentPayloadOptions,
): Promise<PayloadResult> {
  const storage = memoryStorage();
  const runner = functionRunner(() => undefined, { cancel: () => undefined });
  return createSegmentSource({ ...options, storage, runner }).preview(payload, { users });
}
