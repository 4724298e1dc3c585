import { anything, callback, flag, list, type OptionChecks, oneOf, text, texts } from "../mapping/option-checks.js";
import { eventFilterChecks } from "./event-filter-checks.js";
import type { ReplayOptions } from "./segment-source.js";

/** A misspelt `dryRun` would send, and a misspelt filter would send to everybody. */
export const replayChecks: OptionChecks<ReplayOptions> = {
  replayId: text,
  mode: oneOf("again", "unfinished"),
  dryRun: flag,
  messageIds: texts,
  triggers: list,
  ...eventFilterChecks,
  eventsPerSecond: anything,
  batchSize: anything,
  onProgress: callback,
  by: text,
};
