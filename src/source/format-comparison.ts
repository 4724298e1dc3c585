import { createPaint, type Paint, printable } from "../outcome/paint.js";
import type { TriggerComparison, TriggerDifference, TriggerVerdict } from "./compare-triggers.js";

export interface FormatComparisonOptions {
  /** ANSI colors, for a terminal. @default false */
  readonly color?: boolean;
  /** Events shown for each trigger; the rest are counted. @default 20 */
  readonly maxEvents?: number;
  /** Recipients shown for each event; the rest are counted. @default 10 */
  readonly maxRecipients?: number;
}

/** As lines, trigger by trigger: `+ ada` would be notified in addition, `- grace` no longer. */
export function formatComparison(comparison: TriggerComparison, options: FormatComparisonOptions = {}): string {
  const { events, differences, withoutPayload } = comparison;
  const { maxEvents = 20, maxRecipients = 10 } = options;
  const paint = createPaint(options.color === true);
  const lines: string[] = [];
  for (const [trigger, found] of groupByTrigger(differences)) {
    lines.push(triggerLine(trigger, found, paint));
    for (const difference of found.slice(0, maxEvents)) lines.push(...eventLines(difference, maxRecipients, paint));
    if (found.length > maxEvents) lines.push(paint("dim", `  and ${found.length - maxEvents} more events`));
    lines.push("");
  }
  const changed = new Set(differences.map(({ messageId }) => messageId)).size;
  const unknown = withoutPayload === 0 ? "" : ` Of ${withoutPayload} the payload is not kept.`;
  lines.push(`${changed} of ${events} events would notify somebody else.${unknown}`);
  return lines.join("\n");
}

function groupByTrigger(differences: readonly TriggerDifference[]): ReadonlyMap<string, readonly TriggerDifference[]> {
  const groups = new Map<string, TriggerDifference[]>();
  for (const difference of differences) {
    const group = groups.get(difference.trigger) ?? [];
    group.push(difference);
    groups.set(difference.trigger, group);
  }
  return groups;
}

function triggerLine(trigger: string, found: readonly TriggerDifference[], paint: Paint): string {
  const count = (side: "added" | "removed") => found.reduce((sum, difference) => sum + difference[side].length, 0);
  const events = found.length === 1 ? "1 event" : `${found.length} events`;
  const sums = `${paint("green", `+${count("added")}`)} ${paint("red", `-${count("removed")}`)}`;
  return `${paint("bold", printable(trigger))}  ${events}  ${sums}`;
}

function eventLines(difference: TriggerDifference, maxRecipients: number, paint: Paint): readonly string[] {
  const { messageId, name, added, removed, before, after } = difference;
  const title = [printable(name ?? "event"), paint("dim", printable(messageId))].join("  ");
  const changes = [
    ...removed.map((recipient) => paint("red", `    - ${printable(recipient)}`)),
    ...added.map((recipient) => paint("green", `    + ${printable(recipient)}`)),
  ];
  const more = changes.length - maxRecipients;
  return [
    `  ${title}${verdictText(before, after, paint)}`,
    ...changes.slice(0, maxRecipients),
    ...(more > 0 ? [paint("dim", `    and ${more} more`)] : []),
  ];
}

/** Why it notifies somebody else, where the trigger does not simply map other recipients. */
function verdictText(before: TriggerVerdict | null, after: TriggerVerdict | null, paint: Paint): string {
  const [was, is] = [wordOf(before), wordOf(after)];
  if (was === is) return "";
  const why = after?.message === undefined ? "" : `: ${printable(after.message)}`;
  return `  ${paint("yellow", `${was} → ${is}`)}${paint("dim", why)}`;
}

function wordOf(verdict: TriggerVerdict | null): string {
  if (verdict === null) return "not listening";
  return verdict.reason ?? "notified";
}
