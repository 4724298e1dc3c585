import { isJsonObject, type JsonValue } from "../core/json.js";
import { recipientName } from "../recipients/recipient-key.js";
import { traceLines } from "./format-trace.js";
import type {
  EventOutcome,
  EventStatus,
  OutcomeDetail,
  RecipientOutcome,
  RunOutcome,
  TriggerOutcome,
  TriggerStatus,
  UserOutcome,
} from "./outcome.js";
import { type Color, createPaint, type Paint, printable } from "./paint.js";

export interface FormatExplanationOptions {
  /** ANSI colors, for a terminal. @default false */
  readonly color?: boolean | undefined;
  /** Recipients listed for each trigger; the rest are counted. @default 10 */
  readonly maxRecipients?: number | undefined;
}

const signs: Readonly<Record<EventStatus | TriggerStatus, readonly [sign: string, color: Color]>> = {
  processed: ["✓", "green"],
  triggered: ["✓", "green"],
  canceled: ["✓", "green"],
  duplicate: ["=", "dim"],
  ignored: ["·", "dim"],
  in_progress: ["…", "yellow"],
  pending: ["…", "yellow"],
  held: ["…", "yellow"],
  skipped: ["–", "yellow"],
  invalid: ["✗", "red"],
  failed: ["✗", "red"],
};

/** Renders what happened to an event, and why, as lines of text for a terminal or a log. */
export function formatExplanation(outcome: EventOutcome, options: FormatExplanationOptions = {}): string {
  const paint = createPaint(options.color === true);
  const title = outcome.name ?? outcome.type ?? "not an event";
  const type = outcome.name === null ? "" : `${outcome.type ?? "?"} · `;
  const head = [
    status(outcome.status, paint),
    paint("bold", printable(title)),
    paint("dim", `${type}${printable(outcome.messageId)}`),
  ].join("  ");
  const lines = [head, ...reasonLines(outcome, paint).map((line) => `  ${line}`)];
  if (outcome.user !== undefined) lines.push(`  ${userLine(outcome.user)}`);
  if (outcome.group !== undefined) lines.push(`  group ${printable(outcome.group.id)} ${outcome.group.status}`);
  for (const trigger of outcome.triggers) {
    const { trigger: key, workflow } = trigger;
    lines.push(
      `  ${status(trigger.status, paint)}  ${paint("bold", printable(key))} → ${printable(workflow)}`,
      ...triggerLines(trigger, options.maxRecipients ?? 10, paint).map((line) => `      ${line}`),
    );
  }
  return lines.join("\n");
}

function status(word: EventStatus | TriggerStatus, paint: Paint): string {
  const [sign, color] = signs[word];
  return paint(color, `${sign} ${word.replace("_", " ")}`);
}

function reasonLines(
  outcome: { readonly reason?: string; readonly detail?: OutcomeDetail },
  paint: Paint,
): readonly string[] {
  const { reason, detail } = outcome;
  const code = reason === undefined ? [] : [paint("yellow", reason)];
  const message = detail === undefined ? [] : [printable(detail.message)];
  const line = [...code, ...message].join(": ");
  return [...(line === "" ? [] : [line]), ...issueLines(detail, paint)];
}

/** What a schema found, where it is more than the message says. */
function issueLines(detail: OutcomeDetail | undefined, paint: Paint): readonly string[] {
  const issues: JsonValue = detail?.facts?.["issues"] ?? [];
  if (!Array.isArray(issues) || issues.length < 2) return [];
  return issues
    .filter(isJsonObject)
    .map(({ path, message }) => `  ${printable(String(path))}  ${paint("dim", printable(String(message)))}`);
}

function userLine({ id, status: what, sync }: UserOutcome): string {
  const line = `user ${printable(id)} ${what}`;
  if (sync === undefined) return line;
  if (sync.status === "triggered") return `${line}, and known to the engine`;
  return `${line}; to be told to the engine: ${[sync.status, ...(sync.error === undefined ? [] : [printable(sync.error)])].join(", ")}`;
}

const maxRuns = 5;

function triggerLines(trigger: TriggerOutcome, maxRecipients: number, paint: Paint): readonly string[] {
  const { recipients, runs, trace, reason } = trigger;
  // The trace says it better, at the very path or comparison.
  const isTraced =
    (reason === "path_unresolved" && trace?.paths.some(({ reached }) => reached !== undefined)) ||
    (reason === "condition_false" && trace?.condition !== undefined);
  const lines = [...reasonLines(isTraced ? { ...(reason && { reason }) } : trigger, paint)];
  if (trace !== undefined) lines.push(...traceLines(trace, paint));
  for (const { message, path } of trigger.unresolved ?? []) {
    if (trace === undefined || path === undefined) lines.push(`${paint("yellow", "left out")} ${printable(message)}`);
  }
  for (const run of runs.slice(0, maxRuns)) {
    lines.push(runLine(run, runs.length > 1, paint));
    if (run.members !== undefined) lines.push(membersLine(run.members));
  }
  if (runs.length > maxRuns) lines.push(`and ${runs.length - maxRuns} more runs`);
  lines.push(...recipientLines(recipients.slice(0, maxRecipients), paint));
  if (recipients.length > maxRecipients) lines.push(`and ${recipients.length - maxRecipients} more`);
  return lines;
}

/** @param isOneOfMany then its status and error are not those of the trigger */
function runLine(run: RunOutcome, isOneOfMany: boolean, paint: Paint): string {
  const { idempotencyKey, workflowRunId, attempts, durationMs, error } = run;
  const facts = [
    ...(workflowRunId === null ? [] : [printable(workflowRunId)]),
    ...(attempts === 0 ? ["no attempt yet"] : [attempts === 1 ? "1 attempt" : `${attempts} attempts`]),
    ...(durationMs === null ? [] : [`${durationMs} ms`]),
    ...(isOneOfMany ? [run.status, ...(error === undefined ? [] : [printable(error)])] : []),
  ];
  return paint("dim", `run ${idempotencyKey}  ${facts.join(" · ")}`);
}

function membersLine({ reached, unknown, held }: NonNullable<RunOutcome["members"]>): string {
  const left = unknown === 0 ? "" : `, ${unknown} not identified`;
  return `${reached} ${reached === 1 ? "member" : "members"}${left}${held === 0 ? "" : " and held"}`;
}

function recipientLines(recipients: readonly RecipientOutcome[], paint: Paint): readonly string[] {
  const names = recipients.map(({ recipient }) => printable(recipientName(recipient)));
  const width = Math.min(40, Math.max(0, ...names.map(({ length }) => length)));
  return recipients.map(({ status: what, reason, message }, index) => {
    const why = [reason, message && printable(message)].filter(Boolean).join(": ");
    const [, color] = signs[what];
    return `${(names[index] ?? "").padEnd(width)}  ${paint(color, what)}${why === "" ? "" : `: ${why}`}`;
  });
}
