import { execFile } from "node:child_process";
import { cpSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { storageConformance } from "bellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Packed, packAndInstall, root } from "../support/packed.js";

const exec = promisify(execFile);
const files = fileURLToPath(new URL("./third-party", import.meta.url));
/** As many as the suite has for the powers that it declares, so that a runner that runs none of them is noticed. */
const cases = storageConformance(() => Promise.reject(new Error("not made")), { updateVisitors: false }).length;

describe("a storage that somebody else wrote, in a project of its own with the packed library", () => {
  let packed: Packed;
  beforeAll(async () => {
    packed = await packAndInstall();
    cpSync(files, packed.project, { recursive: true });
    symlinkSync(join(root, "node_modules", "vitest"), join(packed.project, "node_modules", "vitest"));
  });
  afterAll(() => rmSync(dirname(packed.tarball), { recursive: true, force: true }));

  const run = (argv: readonly string[]) => {
    const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0", NODE_OPTIONS: "" };
    return exec(process.execPath, argv, { cwd: packed.project, env }).then(
      ({ stdout }) => stdout,
      (error: { readonly stdout: string; readonly stderr: string }) => error.stdout + error.stderr,
    );
  };

  it.concurrent("passes the published suite with vitest", async () => {
    const vitest = join(packed.project, "node_modules", "vitest", "vitest.mjs");
    const output = await run([vitest, "run", "storage.test.mjs"]);
    expect(output).toMatch(new RegExp(`Tests +${cases} passed \\(${cases}\\)`));
  }, 120_000);

  it.concurrent("passes it with node:test", async () => {
    const output = await run(["--test", "--test-reporter=tap", "storage.node-test.mjs"]);
    expect(output).toMatch(new RegExp(`# pass ${cases}\\n# fail 0`));
  }, 120_000);
});
