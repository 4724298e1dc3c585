import type { JsonValue } from "../core/json.js";
import { type Paint, printable } from "./paint.js";
import type { ComparisonTrace, ConditionTrace, PathTrace, TriggerTrace } from "./trace.js";

const shownLength = 60;

/** What a trigger compared and read, a line each; fields stand in a column. */
export function traceLines({ condition, paths, omitted }: TriggerTrace, paint: Paint): readonly string[] {
  const width = Math.max(...[condition === undefined ? "" : "when", ...paths.map(({ field }) => field)].map(lengthOf));
  const label = (text: string) => `${paint("dim", printable(text).padEnd(width))}  `;
  const lines: string[] = [];
  if (condition !== undefined) {
    const indent = " ".repeat(width + 2);
    const [first = "", ...others] = conditionLines(condition, paint);
    lines.push(label("when") + first, ...others.map((line) => indent + line));
  }
  for (const path of paths) lines.push(...pathLines(path, label(path.field), width + 2, paint));
  if (omitted !== undefined) lines.push(paint("dim", `and ${omitted} more that were not kept`));
  return lines;
}

function lengthOf(text: string): number {
  return printable(text).length;
}

function conditionLines(trace: ConditionTrace, paint: Paint): readonly string[] {
  const nested = (parts: readonly ConditionTrace[]) =>
    parts.flatMap((part) => conditionLines(part, paint)).map((line) => `  ${line}`);
  const sign = trace.holds ? paint("green", "✓") : paint("red", "✗");
  switch (trace.kind) {
    case "function":
      return [`${sign} a function`];
    case "comparison":
      return [`${sign} ${comparison(trace, paint)}`];
    case "not":
      return [`${sign} not`, ...nested([trace.part])];
    default:
      return [`${sign} ${trace.kind} of`, ...nested(trace.parts)];
  }
}

function comparison(
  { path, operator, expected, actual, isHidden, nearest, holds }: ComparisonTrace,
  paint: Paint,
): string {
  const wanted = expected === null ? operator : `${operator} ${show(expected)}`;
  const nothing = isHidden ? "(not kept)" : `nothing there${hintOf(nearest)}`;
  const found = actual === undefined ? nothing : `it is ${show(actual)}`;
  return `${printable(path)} ${wanted}  ${paint(holds ? "dim" : "yellow", found)}`;
}

/** Where a path leads nowhere, the part that does not exist is underlined. */
function pathLines(trace: PathTrace, label: string, indent: number, paint: Paint): readonly string[] {
  const path = printable(trace.path);
  if (trace.reached === undefined) {
    const value = trace.value === undefined ? paint("dim", "(not kept)") : show(trace.value);
    return [`${label}${path} ${paint("dim", "→")} ${value}`];
  }
  const start = Math.min(trace.reached === "" ? 0 : printable(trace.reached).length, path.length - 1);
  // The dot behind what exists is no part of what does not.
  const from = path[start] === "." ? start + 1 : start;
  const line = " ".repeat(indent + from) + paint("yellow", "~".repeat(Math.max(1, path.length - from)));
  const instead = trace.fallback === undefined ? "" : `; ${show(trace.fallback)} instead`;
  return [label + path, `${line} ${paint("yellow", `not in this event${instead}${hintOf(trace.nearest)}`)}`];
}

function hintOf(nearest: string | undefined): string {
  return nearest === undefined ? "" : `; did you mean ${printable(nearest)}?`;
}

function show(value: JsonValue): string {
  const text = printable(JSON.stringify(value));
  return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text;
}
