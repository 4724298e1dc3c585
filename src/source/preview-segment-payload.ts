import { anything, checkOptions, type OptionChecks, requireOptions, texts } from "../mapping/option-checks.js";
import type { PayloadResult } from "../outcome/outcome.js";
import { functionRunner } from "../runner/function-runner.js";
import { memoryStorage } from "../storage/memory-storage.js";
import { createSegmentSource } from "./create-segment-source.js";
import type { SegmentSourceOptions } from "./source-options.js";

export interface PreviewSegmentPayloadOptions
  extends Pick<SegmentSourceOptions, "triggers" | "workflows" | "unidentified" | "identifyFrom" | "traits"> {
  /** Ids of users who are to count as known. */
  readonly users?: readonly string[] | undefined;
}

/** Names only: what the values may be is checked where a source takes them. */
const previewChecks: OptionChecks<PreviewSegmentPayloadOptions> = {
  triggers: anything,
  workflows: anything,
  unidentified: anything,
  identifyFrom: anything,
  traits: anything,
  users: texts,
};

/**
 * What would come of a payload, with no source at all: no storage, no runner, no network. A run that would be sent is `pending`.
 *
 * @throws `PAYLOAD_*`, `CONFIG_INVALID`, `CONFIG_TRIGGER_INVALID`, `CONFIG_PATH_INVALID`
 */
export async function previewSegmentPayload(
  payload: unknown,
  given: PreviewSegmentPayloadOptions,
): Promise<PayloadResult> {
  requireOptions(given, "previewSegmentPayload", "{ triggers, users }");
  checkOptions(given, previewChecks);
  const { users = [], ...options } = given;
  const storage = memoryStorage();
  const runner = functionRunner(() => undefined, { cancel: () => undefined });
  return createSegmentSource({ ...options, storage, runner }).preview(payload, { users });
}
