import type { RecipientKey } from "../recipients/recipient.js";
import type {
  EventOutcome,
  EventStatus,
  OutcomeDetail,
  TriggerOutcome,
  TriggerStatus,
  UserOutcome,
} from "./outcome.js";

export interface FormatExplanationOptions {
  /** ANSI colors, for a terminal. @default false */
  readonly color?: boolean;
  /** Recipients listed for each trigger; the rest are counted. @default 10 */
  readonly maxRecipients?: number;
}

type Paint = (code: number, text: string) => string;

const red = 31;
const green = 32;
const yellow = 33;
const dim = 2;
const bold = 1;

const signs: Readonly<Record<EventStatus | TriggerStatus, readonly [sign: string, color: number]>> = {
  processed: ["✓", green],
  triggered: ["✓", green],
  canceled: ["✓", green],
  duplicate: ["=", dim],
  ignored: ["·", dim],
  in_progress: ["…", yellow],
  pending: ["…", yellow],
  held: ["…", yellow],
  skipped: ["–", yellow],
  invalid: ["✗", red],
  failed: ["✗", red],
};

/** Renders what happened to an event, and why, as lines of text for a terminal or a log. */
export function formatExplanation(outcome: EventOutcome, options: FormatExplanationOptions = {}): string {
  const paint: Paint = options.color === true ? (code, text) => `\u001b[${code}m${text}\u001b[0m` : (_, text) => text;
  const title = outcome.name ?? outcome.type ?? "not an event";
  const type = outcome.name === null ? "" : `${outcome.type ?? "?"} · `;
  const head = [
    status(outcome.status, paint),
    paint(bold, printable(title)),
    paint(dim, `${type}${printable(outcome.messageId)}`),
  ].join("  ");
  const lines = [head, ...reasonLines(outcome, "  ", paint)];
  if (outcome.user !== undefined) lines.push(`  ${userLine(outcome.user)}`);
  for (const trigger of outcome.triggers) lines.push(...triggerLines(trigger, options.maxRecipients ?? 10, paint));
  return lines.join("\n");
}

function status(word: EventStatus | TriggerStatus, paint: Paint): string {
  const [sign, color] = signs[word];
  return paint(color, `${sign} ${word.replace("_", " ")}`);
}

function reasonLines(
  outcome: { readonly reason?: string; readonly detail?: OutcomeDetail },
  indent: string,
  paint: Paint,
): string[] {
  const lines: string[] = [];
  const { reason, detail } = outcome;
  if (reason !== undefined || detail !== undefined) {
    const message = detail === undefined ? "" : printable(detail.message);
    const code = reason === undefined ? "" : paint(yellow, reason);
    lines.push(indent + [code, message].filter((part) => part !== "").join(": "));
  }
  return lines;
}

function userLine({ id, status: what, sync }: UserOutcome): string {
  const line = `user ${printable(id)} ${what}`;
  if (sync === undefined) return line;
  if (sync.status === "triggered") return `${line}, and known to the engine`;
  return `${line}; to be told to the engine: ${[sync.status, ...(sync.error === undefined ? [] : [printable(sync.error)])].join(", ")}`;
}

function triggerLines(trigger: TriggerOutcome, maxRecipients: number, paint: Paint): string[] {
  const { recipients, runs } = trigger;
  const ids = runs.flatMap((run) => (run.workflowRunId === null ? [] : [printable(run.workflowRunId)]));
  const run = ids.length === 0 ? "" : paint(dim, `  run ${ids.join(", ")}`);
  const lines = [`  ${status(trigger.status, paint)}  ${trigger.trigger} → ${trigger.workflow}${run}`];
  lines.push(...reasonLines(trigger, "      ", paint));
  for (const { recipient, status: what, reason } of recipients.slice(0, maxRecipients)) {
    const why = reason === undefined ? "" : `: ${reason}`;
    lines.push(`      ${recipientText(recipient)}  ${paint(dim, `${what}${why}`)}`);
  }
  if (recipients.length > maxRecipients) lines.push(`      and ${recipients.length - maxRecipients} more`);
  for (const missing of trigger.unresolved ?? [])
    lines.push(`      ${paint(yellow, "left out")} ${printable(missing.message)}`);
  return lines;
}

function recipientText(recipient: RecipientKey): string {
  return printable(typeof recipient === "string" ? recipient : `${recipient.collection}/${recipient.id}`);
}

/** Ids and names come from outside: a control character in one must not move the cursor or forge a line. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
