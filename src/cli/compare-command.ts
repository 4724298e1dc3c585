import { compareTriggers } from "../source/compare-triggers.js";
import { formatComparison } from "../source/format-comparison.js";
import { type CliIo, exitCodes } from "./cli-io.js";
import { type CommonFlags, withSource, writeJson } from "./command.js";
import { type FilterFlags, toFilter } from "./event-filter.js";
import { loadTriggers } from "./load-config.js";
import { createProgress } from "./progress.js";

export interface CompareFlags extends CommonFlags, FilterFlags {
  readonly proposed: string;
  readonly current?: string;
  readonly max: number;
  readonly failOnDifference?: boolean;
}

/** Who of the stored events' recipients would have been notified before and after a change. */
export async function compareCommand(io: CliIo, flags: CompareFlags): Promise<number> {
  const proposed = await loadTriggers(io.cwd, flags.proposed);
  const current = flags.current === undefined ? undefined : await loadTriggers(io.cwd, flags.current);
  return withSource(io, flags, async (source) => {
    const progress = createProgress(io, "compare", flags.quiet === true);
    const comparison = await compareTriggers({
      ...toFilter(flags),
      source,
      proposed,
      maxEvents: flags.max,
      signal: io.signal,
      onProgress: progress.update,
      ...(current && { current }),
    }).finally(progress.end);
    if (flags.json === true) writeJson(io, comparison);
    else io.write(`${formatComparison(comparison, { color: io.color })}\n`);
    const differs = comparison.differences.length > 0;
    return differs && flags.failOnDifference === true ? exitCodes.bad : exitCodes.ok;
  });
}
