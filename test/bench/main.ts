import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { benches } from "./bench.js";
import { measure } from "./measure.js";
import { type BenchReport, createReport, formatBench, reachesGoals } from "./report.js";

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, json: { type: "string" }, rounds: { type: "string" } },
});
const wanted = values.only ?? Object.keys(benches);
const unknown = wanted.find((name) => !Object.hasOwn(benches, name));
if (unknown !== undefined) {
  console.error(`There is no bench ${JSON.stringify(unknown)}; there are: ${Object.keys(benches).join(", ")}.`);
  process.exit(1);
}

const reports: BenchReport[] = [];
for (const name of wanted) {
  const bench = await benches[name]!();
  const measurements = await measure(values.rounds === undefined ? bench : { ...bench, rounds: Number(values.rounds) });
  await bench.close?.();
  const { title, unit = "µs", goals } = bench;
  const report: BenchReport = { name, title, unit, goals, measurements };
  reports.push(report);
  console.log(`${formatBench(report)}\n`);
}
const missed = reports.filter((report) => !reachesGoals(report)).map(({ name }) => name);
console.log(missed.length === 0 ? "Every goal was reached." : `Not reached: ${missed.join(", ")}.`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(createReport(reports), null, 2)}\n`);
// Peers leave timers and sockets behind.
process.exit(0);
