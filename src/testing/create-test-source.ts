import type { Duration } from "../core/duration.js";
import { isJsonObject, type JsonObject } from "../core/json.js";
import { isPromiseLike } from "../core/promise-like.js";
import type { PayloadResult } from "../outcome/outcome.js";
import { createSegmentSource } from "../source/create-segment-source.js";
import type { SegmentSource } from "../source/segment-source.js";
import type { SegmentSourceOptions } from "../source/source-options.js";
import { memoryStorage } from "../storage/memory-storage.js";
import { builtAt } from "./build-event.js";
import { type ManualClock, manualClock } from "./manual-clock.js";
import { type RecordedRun, type RecordingRunner, recordingRunner } from "./recording-runner.js";

export interface TestSourceOptions extends Partial<Omit<SegmentSourceOptions, "clock" | "runner">> {
  /** Users who are known from the start. */
  readonly users?: readonly string[] | undefined;
  /** @default now */
  readonly now?: Date | undefined;
}

export interface TestSource {
  readonly source: SegmentSource;
  readonly runner: RecordingRunner;
  readonly clock: ManualClock;
  /** Every run that was started, in order. */
  readonly runs: readonly RecordedRun[];
  /**
   * Hands events in; or one payload, such as `batch` makes, or a list of events. What a builder made happens now, by the clock of the
   * test and one after the other, unless it was given a `timestamp`.
   */
  send(...events: readonly unknown[]): Promise<PayloadResult>;
  /** Lets time pass, and what is due happen: attempts that are repeated, holds that end. */
  advance(duration: Duration): Promise<void>;
}

/** A source to test notification logic with: memory, a runner that writes down what it is given, and a clock set by hand. */
export function createTestSource({ users = [], now = new Date(), ...options }: TestSourceOptions = {}): TestSource {
  const clock = manualClock(now);
  const runner = recordingRunner();
  const storage = options.storage ?? memoryStorage({ clock });
  const source = createSegmentSource({ ...options, storage, runner, clock });
  const [environment] = source.environments.names;
  const identified = Promise.all(users.map((id) => source.users.identify({ id }, { environment })));
  let latest = 0;
  // Of events of the same millisecond, which wins does not depend on their order.
  const nextTime = () => {
    latest = Math.max(clock.now(), latest + 1);
    return new Date(latest).toISOString();
  };
  return {
    source,
    runner,
    clock,
    runs: runner.runs,
    async send(...events) {
      await identified;
      const [only] = events;
      const sent = events.length === 1 && isPayload(only) ? only : events;
      return source.handleSegmentPayload(setTimes(sent, nextTime), { environment });
    },
    async advance(duration) {
      await clock.advance(duration);
      await source.recover({ environment });
    },
  };
}

/** What is more than one event, or not there yet, which the source says better. */
function isPayload(sent: unknown): boolean {
  return Array.isArray(sent) || isPromiseLike(sent) || isEnvelope(sent);
}

function isEnvelope(sent: unknown): sent is JsonObject {
  return isJsonObject(sent) && !("type" in sent) && Array.isArray(sent["batch"]);
}

function setTimes(payload: unknown, nextTime: () => string): unknown {
  if (isEnvelope(payload)) return { ...payload, batch: setTimes(payload["batch"], nextTime) };
  return Array.isArray(payload) ? payload.map((event: unknown) => setTime(event, nextTime)) : payload;
}

function setTime(event: unknown, nextTime: () => string): unknown {
  if (!isJsonObject(event) || event["timestamp"] === undefined) return event;
  return Reflect.get(event, builtAt) === event["timestamp"] ? { ...event, timestamp: nextTime() } : event;
}
