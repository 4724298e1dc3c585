import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Installs packages, each under a name of ours, into a folder outside of the checkout, and returns it. `COMPAT_TOOLS` names a folder
 * that is kept for the next time.
 */
export async function installTools(packages: Readonly<Record<string, string>>): Promise<string> {
  const folder = process.env["COMPAT_TOOLS"] ?? mkdtempSync(join(tmpdir(), "bellwire-compat-"));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  const wanted = Object.entries(packages).map(([name, spec]) => `${name}@npm:${spec}`);
  await run("npm", ["install", "--no-audit", "--no-fund", ...wanted], { cwd: folder, maxBuffer: 2 ** 26 });
  return folder;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a failure is an answer too. */
export async function tryToRun(
  file: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Ran> {
  return run(file, [...args], { ...options, timeout: 300_000, maxBuffer: 2 ** 26 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: unknown; stdout: string; stderr: string }) => ({
      code: typeof code === "number" ? code : -1,
      stdout,
      stderr,
    }),
  );
}
