import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Bench } from "../measure.js";

const victim = fileURLToPath(new URL("../million-events.ts", import.meta.url));

/** A process of its own: what it grows by must be its own. */
function grown(events: number): number {
  const output = execFileSync(process.execPath, ["--expose-gc", "--import", "tsx", victim, String(events)], {
    encoding: "utf8",
  });
  return Number(output);
}

export const memory: Bench = {
  title: "resident memory that 100,000 events add, over 1,000,000, memory storage bounded to 10,000",
  operations: 1,
  unit: "MB",
  cases: [
    { name: "1 MB", role: "floor", prepare: async () => () => 1 },
    { name: "bellwire", role: "us", prepare: async () => () => grown(1_000_000) },
  ],
  goals: { floors: 1 },
  rounds: 1,
};
