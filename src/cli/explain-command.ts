import { formatExplanation } from "../outcome/format-explanation.js";
import { type CliIo, exitCodes } from "./cli-io.js";
import { type CommonFlags, withSource, writeJson } from "./command.js";

/** Why what happened to an event happened. */
export function explainCommand(io: CliIo, messageId: string, flags: CommonFlags): Promise<number> {
  const { environment } = flags;
  return withSource(io, flags, async (source) => {
    const found = await source.events.get(messageId, { environment, signal: io.signal });
    if (found === null) {
      io.writeError(`No event ${messageId} is kept${environment === undefined ? "" : ` in ${environment}`}.\n`);
      return exitCodes.bad;
    }
    if (flags.json === true) writeJson(io, found);
    else {
      io.write(`${formatExplanation(found.outcome, { color: io.color })}\n`);
      io.write(
        `\nreceived ${found.record.receivedAt.toISOString()}, happened ${found.record.occurredAt.toISOString()}\n`,
      );
    }
    return exitCodes.ok;
  });
}
