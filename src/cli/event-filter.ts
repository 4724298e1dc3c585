import { eventStatuses } from "../outcome/outcome.js";
import type { ListEventsOptions } from "../source/segment-source.js";
import type { RecordedEventStatus } from "../storage/storage.js";
import { UsageError } from "./cli-io.js";

/** The options of commands that choose among stored events. */
export interface FilterFlags {
  readonly environment?: string;
  readonly name?: string;
  readonly type?: string;
  readonly status?: string;
  readonly user?: string;
  readonly from?: string;
  readonly to?: string;
}

/** @throws {UsageError} for a status or a time that is none */
export function toFilter(flags: FilterFlags): Omit<ListEventsOptions, "limit" | "cursor"> {
  const { environment, name, type, status, user, from, to } = flags;
  const now = Date.now();
  return {
    environment,
    name,
    type,
    userId: user,
    status: status === undefined ? undefined : toStatus(status),
    receivedFrom: from === undefined ? undefined : toTime(from, "--from", now),
    receivedTo: to === undefined ? undefined : toTime(to, "--to", now),
  };
}

const recordedStatuses = eventStatuses.filter((status) => status !== "duplicate");

function toStatus(text: string): RecordedEventStatus {
  const found = recordedStatuses.find((status) => status === text);
  if (found !== undefined) return found;
  throw new UsageError(`--status ${text}: there are ${recordedStatuses.join(", ")}.`);
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A moment, or how long ago: `2026-03-01`, `2026-03-01T12:00:00Z`, `90m`, `24h`, `7d`. */
function toTime(text: string, flag: string, now: number): Date {
  const [, amount, unit = ""] = /^(\d+)([mhd])$/.exec(text) ?? [];
  const time = amount === undefined ? Date.parse(text) : now - Number(amount) * (unitMs[unit] ?? 0);
  if (!Number.isNaN(time)) return new Date(time);
  throw new UsageError(
    `${flag} ${text}: is not a time. Give one such as 2026-03-01T12:00:00Z, or how long ago: 90m, 24h, 7d.`,
  );
}
