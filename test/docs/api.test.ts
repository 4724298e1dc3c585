import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { root, subpaths } from "../support/packed.js";

const config = join(root, ".typedoc.json");

describe("the API reference", () => {
  it("has a part for everything that can be imported", () => {
    const { entryPoints } = JSON.parse(readFileSync(config, "utf8")) as { entryPoints: readonly string[] };
    expect(entryPoints).toHaveLength(subpaths.length);
  });

  it("is made without a warning: every type that a signature names is exported, and every link leads somewhere", {
    timeout: 120_000,
  }, async () => {
    const typedoc = join(root, "node_modules", "typedoc", "bin", "typedoc");
    const made = await promisify(execFile)(process.execPath, [typedoc, "--options", config, "--emit", "none"]).then(
      () => "",
      ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
    );
    expect(made).toBe("");
  });
});
