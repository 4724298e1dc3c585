import { Command, CommanderError, InvalidArgumentError } from "commander";
import { BellwireError, messageOf } from "../core/errors.js";
import { type CliIo, exitCodes, UsageError } from "./cli-io.js";
import type { CommonFlags } from "./command.js";
import { type CompareFlags, compareCommand } from "./compare-command.js";
import { type EventsFlags, eventsCommand } from "./events-command.js";
import { explainCommand } from "./explain-command.js";
import { type PreviewFlags, previewCommand } from "./preview-command.js";
import { type ReplayFlags, replayCommand } from "./replay-command.js";
import { type SendFlags, sendCommand } from "./send-command.js";

/**
 * The command line.
 * @param argv what follows the program's name
 * @returns the exit code; never rejects
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  let code: number = exitCodes.ok;
  const program = createProgram(io, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    return explainFailure(error, io);
  }
}

function explainFailure(error: unknown, io: CliIo): number {
  // Commander has said what it is about.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (io.signal.aborted) return exitCodes.aborted;
  const isBellwire = BellwireError.is(error);
  const message = messageOf(error);
  io.writeError(`${isBellwire ? `${error.code}: ` : ""}${message}\n`);
  if (error instanceof UsageError) return exitCodes.usage;
  return isBellwire && /^(CONFIG|PAYLOAD)_/.test(error.code) ? exitCodes.usage : exitCodes.failed;
}

function createProgram(io: CliIo, end: (code: number) => void): Command {
  const program = new Command("bellwire")
    .description("Look into a Segment source: what would happen, what happened and why, and again.")
    .version(io.version)
    .exitOverride()
    .configureOutput({ writeOut: io.write, writeErr: io.writeError })
    .showHelpAfterError("(--help says more)");

  const preview = program.command("preview <file>").description("what would come of a payload; - reads standard input");
  withCommon(preview)
    .option("--triggers <file>", "a module with other triggers; alone it needs no config")
    .option("--users <ids>", "ids of users who are to count as known, separated by commas", list)
    .action(async (file: string, flags: PreviewFlags) => end(await previewCommand(io, file, flags)));

  const explain = program.command("explain <messageId>").description("why what happened to an event happened");
  withCommon(explain).action(async (id: string, flags: CommonFlags) => end(await explainCommand(io, id, flags)));

  const events = program.command("events").description("stored events, newest first");
  withFilter(withCommon(events))
    .option("--limit <count>", "how many, 500 at most", positive, 20)
    .option("--names", "the names that were received, with counts")
    .option("--infer [file]", "write defineEvent()s made of what was received")
    .action(async (flags: EventsFlags) => end(await eventsCommand(io, flags)));

  const compare = program
    .command("compare")
    .description("who would have been notified, and of what, before and after a change");
  withFilter(withCommon(compare))
    .requiredOption("--proposed <file>", "a module with the changed triggers")
    .option("--current <file>", "a module with triggers to compare with, instead of the source's own")
    .option("--max <count>", "events compared at most", positive, 10_000)
    .option("--fail-on-difference", "end with 1 when anything differs")
    .action(async (flags: CompareFlags) => end(await compareCommand(io, flags)));

  addReplay(program, io, end);
  addSend(program, io, end);
  return program;
}

function addReplay(program: Command, io: CliIo, end: (code: number) => void): void {
  const replay = program
    .command("replay [messageIds...]")
    .description("send stored events again; a dry run unless --yes is given");
  withFilter(withCommon(replay))
    .option(
      "--mode <mode>",
      "again: anew, by the triggers of now; unfinished: only what is left of what was planned",
      "again",
    )
    .option("--replay-id <id>", "names the replay; started again with the same name it goes on where it was")
    .option("--trigger <keys...>", "only these triggers")
    .option("--rate <perSecond>", "events a second", positive)
    .option("--batch-size <count>", "events handled at once", positive)
    .option("--yes", "really send")
    .action(async (ids: readonly string[], flags: ReplayFlags) => end(await replayCommand(io, ids, flags)));
}

function addSend(program: Command, io: CliIo, end: (code: number) => void): void {
  program
    .command("send <file>")
    .description("sign a payload as Segment does and post it; - reads standard input")
    .requiredOption("--url <url>", "the webhook's URL")
    .option(
      "--secret <secret>",
      "the shared secret (better in the environment, as BELLWIRE_SECRET); unsigned without one",
    )
    .option("--header <lines...>", 'further headers, each "name: value"')
    .option("--json", "answer in JSON")
    .action(async (file: string, flags: SendFlags) => end(await sendCommand(io, file, flags)));
}

function withCommon(command: Command): Command {
  return command
    .option("--config <file>", "the module that exports the source (default: bellwire.config.ts or .js)")
    .option("--environment <name>", "needed where the source has several")
    .option("--json", "answer in JSON")
    .option("--quiet", "no progress");
}

function withFilter(command: Command): Command {
  return command
    .option("--name <name>", "only events of this name")
    .option("--type <type>", "only events of this type")
    .option("--status <status>", "only events that ended so")
    .option("--user <id>", "only events of this user")
    .option("--from <time>", "received since: a time, or how long ago (90m, 24h, 7d)")
    .option("--to <time>", "received before");
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Not a number above 0.");
}

function list(text: string): readonly string[] {
  return text.split(",").filter((part) => part !== "");
}
