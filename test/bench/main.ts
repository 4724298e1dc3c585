import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { benches } from "./bench.js";
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

/** Each in a process of its own: what one leaves in the memory would be a burden on the collector in all that follow. */
async function runApart(name: string): Promise<BenchReport> {
  // As JSON, a multiple of nothing at all would arrive as null.
  const child = fork(fileURLToPath(new URL("run-bench.ts", import.meta.url)), [name, values.rounds ?? ""], {
    serialization: "advanced",
  });
  const reports: BenchReport[] = [];
  child.on("message", (report: BenchReport) => reports.push(report));
  const [code] = await once(child, "exit");
  const [report] = reports;
  if (report === undefined) throw new Error(`The bench ${name} ended with ${code} and no report.`);
  return report;
}

const reports: BenchReport[] = [];
for (const name of wanted) {
  const report = await runApart(name);
  reports.push(report);
  console.log(`${formatBench(report)}\n`);
}
const missed = reports.filter((report) => !reachesGoals(report)).map(({ name }) => name);
console.log(missed.length === 0 ? "Every goal was reached." : `Not reached: ${missed.join(", ")}.`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(createReport(reports), null, 2)}\n`);
