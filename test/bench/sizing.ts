import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Report } from "./report.js";
import { type ServiceTime, simulate } from "./simulate.js";

/** Writes the page on sizing into the README, from what the benchmark measured. */
const root = fileURLToPath(new URL("../..", import.meta.url));
const { values } = parseArgs({ options: { json: { type: "string", default: `${root}.data/sizing.json` } } });
const report: Report = JSON.parse(readFileSync(values.json, "utf8"));
/** No more than this of a processor, so that bursts find room. */
const utilization = 0.6;

const readme = readFileSync(`${root}README.md`, "utf8");
const [before, rest] = halves(readme, "<!-- sizing: start -->\n");
const [, after] = halves(rest, "<!-- sizing: end -->");
writeFileSync(`${root}README.md`, `${before}<!-- sizing: start -->\n${page()}\n<!-- sizing: end -->${after}`);
console.log(page());

function page(): string {
  const { machine, node, at } = report;
  const cost = figures("postgres-cost");
  const perCore = (name: string) => Math.round(1e6 / cost(name));
  const bound = (kind: string) =>
    cost(`${kind}, process`) > cost(`${kind}, PostgreSQL`) ? "the process that runs Bellwire" : "PostgreSQL";
  return [
    `Measured with \`npm run bench:sizing\` on ${machine}, Node ${node}, PostgreSQL on the same machine, ${at.slice(0, 10)};`,
    "events of 1.5 KB with one run for three recipients, complete: looked up, recorded, dispatched to a function, settled.",
    "",
    "| | one core of a process | one core of PostgreSQL | what runs out first |",
    "|---|---|---|---|",
    ...(["singles", "batches"] as const).map((kind) => {
      const name = kind === "singles" ? "one event a request, 64 at a time" : "batches of 1,000";
      return `| ${name} | ${thousands(perCore(`${kind}, process`))} events/s | ${thousands(perCore(`${kind}, PostgreSQL`))} events/s | ${bound(kind)} |`;
    }),
    "",
    `So, with no core busier than ${utilization * 100} %:`,
    "",
    "| events a second | processes | cores of PostgreSQL | |",
    "|---|---|---|---|",
    ...[1_000, 10_000, 100_000].map((rate) => row(rate, cost)),
    "",
    "How long an answer takes when a process gets this share of what it can do: a simulation from the service times above, with arrivals at",
    "random and bursts of five times the rate for two seconds of every twenty. Segment waits 10 seconds for Webhooks (Actions), 5 for its classic",
    "Webhooks.",
    "",
    "| load | events/s | p50 | p99 | p99.9 | longer than 5 s | longer than 10 s |",
    "|---|---|---|---|---|---|---|",
    ...[0.2, 0.4, 0.6, 0.8, 0.95].map((load) => latencyRow(load, serviceTime(cost))),
  ].join("\n");
}

function row(rate: number, cost: (name: string) => number): string {
  const needs = (who: string) => Math.max(1, Math.ceil((rate * cost(`singles, ${who}`)) / 1e6 / utilization));
  const server = needs("PostgreSQL");
  const advice =
    server <= 4
      ? "Bellwire alone"
      : server <= 16
        ? "a PostgreSQL of its own for Bellwire; put BullMQ (`bullmqIngest`) in front where bursts exceed it"
        : "Kafka or BullMQ in front, and one PostgreSQL for each environment or source";
  return `| ${thousands(rate)} | ${needs("process")} | ${server} | ${advice} |`;
}

/** One at a time there is the whole price of the round trips, 64 at a time a part of it. */
function serviceTime(cost: (name: string) => number): ServiceTime {
  const oneMs = cost("one at a time, elapsed") / 1_000;
  const eachOf64Ms = cost("64 at a time, elapsed") / 1_000;
  const eachMs = Math.max(0, (64 * eachOf64Ms - oneMs) / 63);
  return { fixedMs: Math.max(0, oneMs - eachMs), eachMs };
}

function latencyRow(load: number, service: ServiceTime): string {
  const perSecond = (load * 1_000 * 64) / (service.fixedMs + 64 * service.eachMs);
  const burst = { factor: 5, burstMs: 2_000, everyMs: 20_000 };
  const { p50, p99, p999, over5s, over10s } = simulate(service, { perSecond, burst, seconds: 600, seed: 7 });
  const ms = [p50, p99, p999].map((each) => `${each < 10 ? each.toFixed(1) : thousands(Math.round(each))} ms`);
  const shares = [over5s, over10s].map((share) => (share === 0 ? "none" : `${(share * 100).toFixed(2)} %`));
  return `| ${load * 100} % | ${thousands(Math.round(perSecond))} | ${ms.join(" | ")} | ${shares.join(" | ")} |`;
}

function figures(name: string): (contestant: string) => number {
  const found = report.benches.find((bench) => bench.name === name);
  return (contestant) => {
    const figure = found?.measurements.find((each) => each.name === contestant)?.perOperation;
    if (figure === undefined)
      throw new Error(`${values.json} has no ${contestant} of ${name}; run npm run bench:sizing`);
    return figure;
  };
}

function thousands(value: number): string {
  return value.toLocaleString("en");
}

function halves(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  if (at === -1) throw new Error(`the README has no ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
