import { memoryUsage } from "node:process";
import { createSegmentSource, functionRunner, memoryStorage } from "bellwire";
import { trackEvent } from "./events.js";
import { fourTriggers } from "./sources.js";

/** Handles events, and prints by how many megabytes the process grows with each 100,000: the slope of a line through the readings. */
const total = Number(process.argv[2]);
const source = createSegmentSource({
  storage: memoryStorage(),
  runner: functionRunner(() => undefined),
  triggers: fourTriggers(),
  unidentified: "create",
});
const readings: number[] = [];
const step = total / 10;
for (let from = 0; from < total; from += 100) {
  await source.handleSegmentPayload(Array.from({ length: 100 }, (_, index) => trackEvent(from + index)));
  if ((from + 100) % step !== 0) continue;
  globalThis.gc?.();
  readings.push(memoryUsage().rss / 1e6);
}
// The first readings still fill the storage and the heap.
const settled = readings.slice(2);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const center = (settled.length - 1) / 2;
const slope =
  settled.reduce((sum, value, index) => sum + (index - center) * (value - mean(settled)), 0) /
  settled.reduce((sum, _, index) => sum + (index - center) ** 2, 0);
process.stdout.write(String(Math.max(0, (slope * 100_000) / step)));
