import type { Duration } from "../core/duration.js";
import type { PayloadResult } from "../outcome/outcome.js";
import { createSegmentSource } from "../source/create-segment-source.js";
import type { SegmentSource } from "../source/segment-source.js";
import type { SegmentSourceOptions } from "../source/source-options.js";
import { memoryStorage } from "../storage/memory-storage.js";
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
  /** Hands events in. */
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
  return {
    source,
    runner,
    clock,
    runs: runner.runs,
    async send(...events) {
      await identified;
      return source.handleSegmentPayload(events, { environment });
    },
    async advance(duration) {
      await clock.advance(duration);
      await source.recover({ environment });
    },
  };
}
