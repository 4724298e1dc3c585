import { benches } from "./bench.js";
import { measure } from "./measure.js";
import type { BenchReport } from "./report.js";

const [name = "", rounds = ""] = process.argv.slice(2);
const bench = await benches[name]!();
const measurements = await measure(rounds === "" ? bench : { ...bench, rounds: Number(rounds) });
await bench.close?.();
const { title, unit = "µs", goals } = bench;
const report: BenchReport = { name, title, unit, goals, measurements };
// Peers leave timers and sockets behind.
process.send!(report, () => process.exit(0));
