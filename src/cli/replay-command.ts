import { BellwireError } from "../core/errors.js";
import type { EventOutcome } from "../outcome/outcome.js";
import type { ReplayOptions, ReplayResult } from "../source/segment-source.js";
import { type CliIo, exitCodes, UsageError } from "./cli-io.js";
import { type CommonFlags, withSource, writeJson } from "./command.js";
import { type FilterFlags, toFilter } from "./event-filter.js";
import { createProgress } from "./progress.js";

export interface ReplayFlags extends CommonFlags, FilterFlags {
  readonly mode: string;
  readonly replayId?: string;
  readonly trigger?: readonly string[];
  readonly rate?: number;
  readonly batchSize?: number;
  readonly yes?: boolean;
}

/** Sends stored events again; without `--yes` it only says what would be sent. */
export async function replayCommand(io: CliIo, messageIds: readonly string[], flags: ReplayFlags): Promise<number> {
  const options = toOptions(io, messageIds, flags);
  return withSource(io, flags, async (source) => {
    const progress = createProgress(io, options.dryRun === true ? "dry run" : "replay", flags.quiet === true);
    const tally = createTally();
    let done = 0;
    try {
      const result = await source.replay({
        ...options,
        onProgress: (step) => {
          done = step.done;
          tally.add(step.outcome);
          progress.update(step.done, step.total);
        },
      });
      progress.end();
      if (flags.json === true) writeJson(io, { ...result, dryRun: options.dryRun, triggers: tally.counts() });
      else io.write(summary(result, tally.counts(), flags));
      const foundNone = messageIds.length > 0 && result.notFound === messageIds.length;
      return tally.failed() || foundNone ? exitCodes.bad : exitCodes.ok;
    } catch (error) {
      progress.end();
      if (!BellwireError.is(error) || error.code !== "ABORTED") throw error;
      const again = flags.mode === "again" ? ` with --replay-id ${flags.replayId ?? ""}` : "";
      io.writeError(`Stopped after ${done} events. Start it again${again}, and it goes on where it was.\n`);
      return exitCodes.aborted;
    }
  });
}

function toOptions(io: CliIo, messageIds: readonly string[], flags: ReplayFlags): ReplayOptions {
  const { mode, replayId, trigger, rate, batchSize } = flags;
  if (mode !== "again" && mode !== "unfinished")
    throw new UsageError(`--mode ${mode}: there are again and unfinished.`);
  const isNamed = replayId !== undefined && replayId !== "";
  if (mode === "again" && flags.yes === true && !isNamed) {
    throw new UsageError(
      "--replay-id ID: names this replay, so that it can be stopped and gone on with, and sends nothing twice.",
    );
  }
  return {
    ...toFilter(flags),
    mode,
    // A dry run leaves nothing behind that a name could be looked up by.
    replayId: isNamed ? replayId : "dry-run",
    dryRun: flags.yes !== true,
    signal: io.signal,
    ...(messageIds.length > 0 && { messageIds }),
    ...(trigger && { triggers: trigger }),
    ...(rate !== undefined && { eventsPerSecond: rate }),
    ...(batchSize !== undefined && { batchSize }),
  };
}

/** How many of the events' triggers ended how. */
function createTally() {
  const counts = new Map<string, number>();
  let failed = false;
  return {
    add({ triggers, status }: EventOutcome) {
      failed ||= status === "failed";
      for (const trigger of triggers) {
        const end = trigger.reason === undefined ? trigger.status : `${trigger.status} (${trigger.reason})`;
        const key = `${trigger.trigger}: ${end}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    },
    counts: () => Object.fromEntries([...counts].sort(([, left], [, right]) => right - left)),
    failed: () => failed,
  };
}

function summary(result: ReplayResult, counts: Readonly<Record<string, number>>, flags: ReplayFlags): string {
  const { replayed, duplicates, withoutPayload, tooOld, notFound } = result;
  const isDry = flags.yes !== true;
  const lines = Object.entries(counts).map(([end, count]) => `  ${String(count).padStart(6)}  ${end}`);
  const notes = [
    ...(duplicates > 0 ? [`${duplicates} were done by an earlier start of this replay.`] : []),
    ...(notFound > 0 ? [`Of ${notFound} that were named no event is kept.`] : []),
    ...(withoutPayload > 0 ? [`Of ${withoutPayload} the payload is not kept.`] : []),
    ...(tooOld > 0 ? [`${tooOld} runs were left, because their trigger's maxEventAge is over.`] : []),
  ];
  const head = `${replayed} events ${isDry ? "would be" : "were"} replayed.`;
  const name = flags.mode === "again" && flags.replayId === undefined ? " --replay-id ID" : "";
  const next = isDry ? [`Nothing was sent. Add --yes${name} to send.`] : [];
  return `${[head, ...lines, ...notes, ...next].join("\n")}\n`;
}
