import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Mutant, mutants } from "./mutants.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** All of them take minutes: they are part of `npm run test:faults`. */
const kills = process.env["MUTANTS"] !== undefined;

describe("mistakes that some test must notice", () => {
  it.each(mutants)("$name: can still be made", ({ file, find }) => {
    expect(readFileSync(`${root}src/${file}`, "utf8").split(find)).toHaveLength(2);
  });

  it.runIf(kills).each(mutants)("$name: is noticed", { timeout: 300_000 }, async (mutant) => {
    expect(await run(mutant)).toMatch(/Tests\s+.*\d+ failed/);
  });
});

function run({ name, tests }: Mutant): Promise<string> {
  const files = tests.map((path) => `test/${path}`);
  const child = spawn("npx", ["vitest", "run", "--config", "test/vitest.config.ts", "--bail=1", ...files], {
    cwd: root,
    env: { ...process.env, MUTANT: name, NO_COLOR: "1" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  return new Promise((resolve) => child.once("exit", () => resolve(output)));
}
