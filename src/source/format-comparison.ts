import type { JsonValue } from "../core/json.js";
import { createPaint, type Paint, printable } from "../outcome/paint.js";
import type { TriggerComparison, TriggerDifference, TriggerVerdict } from "./compare-triggers.js";
import type { FieldDifference } from "./differ-in-fields.js";

export interface FormatComparisonOptions {
  /** ANSI colors, for a terminal. @default false */
  readonly color?: boolean | undefined;
  /** Events shown for each trigger; the rest are counted. @default 20 */
  readonly maxEvents?: number | undefined;
  /** Fields and recipients shown for each event; the rest are counted. @default 10 */
  readonly maxRecipients?: number | undefined;
}

/**
 * As lines, trigger by trigger: `+ ada` would be notified in addition, `- grace` no longer, and with `~ data.title: "Hi" → nothing` they
 * would be sent something else.
 */
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
  const told = new Set(differences.filter(notifiesOthers).map(({ messageId }) => messageId));
  const changed = new Set(differences.map(({ messageId }) => messageId)).size - told.size;
  const same = changed === 0 ? "" : ` ${changed} would send the same people something else.`;
  const unknown = withoutPayload === 0 ? "" : ` Of ${withoutPayload} the payload is not kept.`;
  lines.push(`${told.size} of ${events} events would notify somebody else.${same}${unknown}`);
  return lines.join("\n");
}

function notifiesOthers({ added, removed }: TriggerDifference): boolean {
  return added.length > 0 || removed.length > 0;
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
  const count = (side: "added" | "removed" | "changed") =>
    found.reduce((sum, difference) => sum + difference[side].length, 0);
  const events = found.length === 1 ? "1 event" : `${found.length} events`;
  const sums = `${paint("green", `+${count("added")}`)} ${paint("red", `-${count("removed")}`)}`;
  const fields = count("changed") === 0 ? "" : ` ${paint("yellow", `~${count("changed")}`)}`;
  return `${paint("bold", printable(trigger))}  ${events}  ${sums}${fields}`;
}

function eventLines(difference: TriggerDifference, maxRecipients: number, paint: Paint): readonly string[] {
  const { messageId, name, added, removed, changed, before, after } = difference;
  const title = [printable(name ?? "event"), paint("dim", printable(messageId))].join("  ");
  const changes = [
    ...changed.map((field) => paint("yellow", `    ~ ${fieldText(field)}`)),
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

const shownLength = 60;

function fieldText({ field, before, after }: FieldDifference): string {
  const show = (value: JsonValue | undefined) => {
    const text = value === undefined ? "nothing" : printable(JSON.stringify(value));
    return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text;
  };
  return `${printable(field)}: ${show(before)} → ${show(after)}`;
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
