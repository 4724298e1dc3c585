import { formatExplanation } from "../outcome/format-explanation.js";
import type { PayloadResult } from "../outcome/outcome.js";
import { previewSegmentPayload } from "../source/preview-segment-payload.js";
import { type CliIo, exitCodes } from "./cli-io.js";
import { type CommonFlags, withSource, writeJson } from "./command.js";
import { findConfig, loadTriggers } from "./load-config.js";
import { readJson } from "./read-json.js";

export interface PreviewFlags extends CommonFlags {
  readonly triggers?: string;
  readonly users?: readonly string[];
}

/** What would come of a payload. Triggers of a module need no config. */
export async function previewCommand(io: CliIo, file: string, flags: PreviewFlags): Promise<number> {
  const payload = await readJson(file, io);
  const triggers = flags.triggers === undefined ? undefined : await loadTriggers(io.cwd, flags.triggers);
  const users = flags.users ?? [];
  if (triggers !== undefined && findConfig(io.cwd, flags.config) === null) {
    return show(io, flags, await previewSegmentPayload(payload, { triggers, users }));
  }
  return withSource(io, flags, async (source) => {
    const { environment } = flags;
    const result = await source.preview(payload, {
      environment,
      users,
      signal: io.signal,
      ...(triggers && { triggers }),
    });
    return show(io, flags, result);
  });
}

function show(io: CliIo, { json }: PreviewFlags, result: PayloadResult): number {
  if (json === true) writeJson(io, result);
  else io.write(`${result.events.map((event) => formatExplanation(event, { color: io.color })).join("\n\n")}\n`);
  return result.events.some(({ status }) => status === "invalid" || status === "failed") ? exitCodes.bad : exitCodes.ok;
}
