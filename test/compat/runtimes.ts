import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root, subpaths } from "../support/packed.js";
import type { Cell } from "./format-matrix.js";
import { tryToRun } from "./tools.js";

const binary = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;

/** The oldest Node that is supported, the newest of each line, and Bun; by the packages that hold the binaries. */
export const runtimes = {
  "node-20.19.0": `${binary}@20.19.0`,
  "node-20": `${binary}@20`,
  "node-22": `${binary}@22`,
  "node-24": `${binary}@24`,
  "node-26": `${binary}@26`,
  bun: "bun@1",
};

export interface Surroundings {
  readonly tools: string;
  /** A project in which the packed library and everything the checkout has are installed. */
  readonly project: string;
  readonly databaseUrl: string;
}

export async function tryRuntime(
  name: string,
  { tools, project, databaseUrl }: Surroundings,
): Promise<readonly Cell[]> {
  const isBun = name === "bun";
  const runtime = join(tools, "node_modules", name, "bin", isBun ? "bun.exe" : "node");
  const version = (await tryToRun(runtime, ["--version"], { cwd: tools })).stdout.trim().replace("v", "");
  const row = `${isBun ? "Bun" : "Node"} ${version}`;
  const packed = await tryPacked(runtime, project, { DATABASE_URL: databaseUrl, SCHEMA: name.replaceAll(/\W/g, "_") });
  const started = await tryStart(runtime, isBun ? [] : ["--import", "tsx"]);
  if (isBun) return [...packed, started].map((cell) => ({ row, ...cell }));
  return [...packed, await tryVitest(runtime), started].map((cell) => ({ row, ...cell }));
}

type Try = Omit<Cell, "row">;

async function tryPacked(runtime: string, project: string, env: Record<string, string>): Promise<readonly Try[]> {
  copyFileSync(fileURLToPath(new URL("packed-suite.mjs", import.meta.url)), join(project, "packed-suite.mjs"));
  const ran = await tryToRun(runtime, ["packed-suite.mjs"], {
    cwd: project,
    env: { ...process.env, ...env, SUBPATHS: subpaths.join() },
  });
  const line = ran.stdout.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{"))
    return [{ column: "packed", ok: false, text: "did not run", output: ran.stdout + ran.stderr }];
  const { tally, failed } = JSON.parse(line) as { tally: Record<string, [number, number]>; failed: readonly string[] };
  const sum = (groups: readonly string[]) => {
    const present = groups.flatMap((group) => (tally[group] === undefined ? [] : [tally[group]]));
    const [passed, all] = present.reduce(([p, a], [passed, all]) => [p + passed, a + all], [0, 0]);
    const output = failed.filter((failure) => groups.some((group) => failure.startsWith(`${group}: `))).join("\n");
    return { ok: passed === all, text: all === 0 ? "none" : `${passed} of ${all}`, output };
  };
  return [
    { column: "import, require", ...sum(["imports"]) },
    { column: "storages, runner", ...sum(["memory", "libsql", "PostgreSQL", "runner"]) },
    { column: "built-in SQLite", ...sum(["node:sqlite", "bun:sqlite"]) },
    { column: "servers", ...sum(["servers"]) },
    { column: "schemas", ...sum(["schemas"]) },
  ];
}

const core = ["segment", "mapping", "recipients", "users", "triggers", "source", "storage", "runner", "http", "core"];

interface VitestReport {
  readonly numPassedTests: number;
  readonly numTotalTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

async function tryVitest(runtime: string): Promise<Try> {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const folders = core.map((room) => `test/${room}/`);
  const ran = await tryToRun(
    runtime,
    [vitest, "run", "--config", "test/vitest.config.ts", "--reporter=json", "--silent=true", ...folders],
    { cwd: root },
  );
  const line = ran.stdout.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) return { column: "test-suite core", ok: false, text: "did not run", output: ran.stderr };
  const { numPassedTests, numTotalTests, numPendingTests, testResults } = JSON.parse(line) as VitestReport;
  const all = numTotalTests - numPendingTests;
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === "failed"),
  );
  const output = failed.map(({ fullName, failureMessages }) => [fullName, ...failureMessages].join("\n")).join("\n\n");
  return { column: "test-suite core", ok: ran.code === 0 && all > 0, text: `${numPassedTests} of ${all}`, output };
}

/** What `npm start` does, until an event was answered and the process has ended by itself. */
async function tryStart(runtime: string, options: readonly string[]): Promise<Try> {
  const folder = mkdtempSync(join(tmpdir(), "bellwire-start-"));
  const child = spawn(runtime, [...options, "examples/express/main.ts"], {
    cwd: root,
    env: { ...process.env, PORT: "0", DATABASE: join(folder, "start.db") },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const until = async (pattern: RegExp) => {
    for (let tries = 0; tries < 300 && child.exitCode === null && !pattern.test(output); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 100));
    return pattern.exec(output);
  };
  const [, url = "", body = ""] = (await until(/curl -X POST '(.+?)' .+ -d '(.+?)'/)) ?? [];
  const status = await fetch(url, { method: "POST", body }).then(
    (response) => response.status,
    () => 0,
  );
  const notified = (await until(/recipients \[\{"id":"ada"/)) !== null;
  child.kill("SIGTERM");
  const code = await ended;
  rmSync(folder, { recursive: true, force: true });
  const ok = status === 200 && notified && code === 0;
  return { column: "npm start", ok, text: ok ? "runs" : `status ${status}, exit ${code}`, output };
}
