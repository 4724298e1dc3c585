import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { messageOf } from "../core/errors.js";
import { printable } from "../outcome/paint.js";
import { inferEvents } from "../source/infer-events.js";
import type { RecordedEvent, SegmentSource } from "../source/segment-source.js";
import { type CliIo, exitCodes, UsageError } from "./cli-io.js";
import { type CommonFlags, withSource, writeJson } from "./command.js";
import { type FilterFlags, toFilter } from "./event-filter.js";
import { createProgress } from "./progress.js";

export interface EventsFlags extends CommonFlags, FilterFlags {
  readonly limit: number;
  readonly names?: boolean;
  /** Written to this file, or to standard output where none is named. */
  readonly infer?: string | true;
}

/** Stored events, the names that were received, or `defineEvent`s made of them. */
export function eventsCommand(io: CliIo, flags: EventsFlags): Promise<number> {
  return withSource(io, flags, async (source) => {
    if (flags.infer !== undefined) await writeInferred(io, flags, source);
    else if (flags.names === true) await writeNames(io, flags, source);
    else await writeEvents(io, flags, source);
    return exitCodes.ok;
  });
}

async function writeInferred(io: CliIo, flags: EventsFlags, source: SegmentSource): Promise<void> {
  const progress = createProgress(io, "infer", flags.quiet === true);
  const { environment } = flags;
  const options = { environment, signal: io.signal, onProgress: progress.update };
  const text = await inferEvents(source.events, options).finally(progress.end);
  if (typeof flags.infer !== "string") {
    io.write(text);
    return;
  }
  const path = resolve(io.cwd, flags.infer);
  try {
    // What somebody has edited since is not written over.
    writeFileSync(path, text, { flag: "wx" });
  } catch (cause) {
    throw new UsageError(
      `${path} can not be written: ${messageOf(cause)}. Name a file that is not there yet, in a folder that is.`,
    );
  }
  io.writeError(`Written to ${path}\n`);
}

async function writeNames(io: CliIo, flags: EventsFlags, source: SegmentSource): Promise<void> {
  const names = await source.events.names({ environment: flags.environment, signal: io.signal });
  if (flags.json === true) {
    writeJson(io, names);
    return;
  }
  const rows = names.map(({ type, name, count, lastSeenAt }) => {
    return [String(count), type, printable(name ?? ""), lastSeenAt.toISOString()];
  });
  io.write(table(["count", "type", "name", "last seen"], rows));
}

async function writeEvents(io: CliIo, flags: EventsFlags, source: SegmentSource): Promise<void> {
  const { items } = await source.events.list({ ...toFilter(flags), limit: flags.limit, signal: io.signal });
  if (flags.json === true) {
    writeJson(io, items);
    return;
  }
  io.write(table(["received", "status", "name", "messageId", "triggers"], items.map(rowOf)));
}

function rowOf({ record, outcome }: RecordedEvent): readonly string[] {
  const triggers = outcome.triggers.map(({ trigger, status, reason }) => `${trigger}: ${reason ?? status}`);
  const what = triggers.length === 0 ? (outcome.reason ?? "") : triggers.join(", ");
  const name = printable(outcome.name ?? outcome.type ?? "");
  return [record.receivedAt.toISOString(), outcome.status, name, printable(record.messageId), what];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return `${[head, ...rows].map(line).join("\n")}\n`;
}
