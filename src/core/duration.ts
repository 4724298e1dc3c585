import { BellwireError } from "./errors.js";

type DurationUnit = "ms" | "s" | "m" | "h" | "d";

/** Milliseconds as a number, or a number with a unit: `"250ms"`, `"30s"`, `"15m"`, `"24h"`, `"30d"`. */
export type Duration = number | `${number}${DurationUnit}`;

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * @returns milliseconds
 * @throws `CONFIG_INVALID` when the text is not a duration; `name` says which option it came from.
 */
export function durationToMs(duration: Duration, name: string): number {
  if (typeof duration === "number" && Number.isFinite(duration) && duration >= 0) return duration;
  const match = typeof duration === "string" ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration) : null;
  const unit = unitMs[match?.[2] ?? ""];
  if (match === null || unit === undefined) {
    throw new BellwireError({
      code: "CONFIG_INVALID",
      message: `${name}: ${JSON.stringify(duration)} is not a duration. Give milliseconds, or a number with ms, s, m, h or d, such as "15m".`,
    });
  }
  return Number(match[1]) * unit;
}
