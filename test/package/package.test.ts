import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Packed, packAndInstall, root, subpaths } from "../support/packed.js";

const exec = promisify(execFile);
describe("the packed library", () => {
  let packed: Packed;
  beforeAll(async () => {
    packed = await packAndInstall();
  });
  afterAll(() => rmSync(dirname(packed.tarball), { recursive: true, force: true }));

  const run = async (file: string, code: string) => {
    writeFileSync(join(packed.project, file), code);
    const { stdout } = await exec(process.execPath, [file], { cwd: packed.project });
    return stdout.trim();
  };
  const tsc = async (...options: readonly string[]) => {
    const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
    const strict = ["--noEmit", "--strict", "--target", "es2022", "--types", "node", "--skipLibCheck", "false"];
    return exec(process.execPath, [compiler, ...strict, ...options, "consumer.mts"], { cwd: packed.project }).then(
      () => "compiles",
      (error: { readonly stdout: string }) => error.stdout,
    );
  };

  it("holds the build and what explains it, and nothing else", () => {
    const beside = packed.files.filter((file) => !file.startsWith("dist/"));
    expect(beside.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
    expect(packed.files.filter((file) => /\.(map|tsbuildinfo)$|\.test\./.test(file))).toEqual([]);
  });

  it("passes publint", async () => {
    const { messages, pkg } = await publint({ pkgDir: root, strict: true, pack: false });
    // It takes the code that `inferEvents` writes, a text within the command line, for code of the file; that file is run by a test.
    const real = messages.filter(({ code, path }) => code !== "FILE_INVALID_EXPLICIT_FORMAT" || path[0] !== "bin");
    expect(real.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it("has types that match the code for every way of importing it", async () => {
    const attw = join(root, "node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
    const checked = exec(process.execPath, [attw, packed.tarball, "--profile", "node16"]);
    // It ends with an error when it finds a problem.
    await expect(checked).resolves.toMatchObject({ stdout: expect.stringContaining("bellwire/testing") });
  });

  it.each(subpaths)("%s can be imported and required", async (subpath) => {
    const names = "console.log(Object.keys(library).filter((name) => name !== 'default').sort().join())";
    const imported = await run("main.mjs", `import * as library from ${JSON.stringify(subpath)};${names}`);
    const required = await run("main.cjs", `const library = require(${JSON.stringify(subpath)});${names}`);
    expect(imported).not.toBe("");
    expect(required).toBe(imported);
  });

  it("recognises its errors across the ESM and the CommonJS copy", async () => {
    const code = `
      import { createRequire } from "node:module";
      import { BellwireError } from "bellwire";
      const other = createRequire(import.meta.url)("bellwire").BellwireError;
      const error = new other({ code: "OVERLOADED", message: "busy" });
      console.log(other === BellwireError, error instanceof BellwireError, BellwireError.is(error));`;
    expect(await run("both.mjs", code)).toBe("false false true");
  });

  it("runs the main job in a project of its own", async () => {
    const code = `
      const { createSegmentSource, defineTrigger, functionRunner, memoryStorage } = require("bellwire");
      const trigger = defineTrigger({ key: "w", event: "Signed Up", workflow: "welcome", recipients: "userId" });
      const runner = functionRunner((run) => console.log(run.workflow, run.recipients.join()));
      const source = createSegmentSource({ storage: memoryStorage(), runner, triggers: [trigger], unidentified: "create" });
      source.handleSegmentPayload({ type: "track", event: "Signed Up", userId: "ada" });`;
    expect(await run("job.cjs", code)).toBe("welcome ada");
  });

  it.each([["node16"], ["bundler"]])(
    "compiles in a consumer's strict project, moduleResolution %s",
    async (resolution) => {
      const module = resolution === "bundler" ? "esnext" : "node16";
      const exported = subpaths.map((subpath, index) => `import * as module${index} from ${JSON.stringify(subpath)};`);
      const checks = subpaths.map(
        (_, index) =>
          `const leaks${index}: { [Name in keyof typeof module${index}]: 0 extends 1 & (typeof module${index})[Name] ? Name : never }[keyof typeof module${index}][] = []; void leaks${index}.every((name: never) => name);`,
      );
      writeFileSync(join(packed.project, "consumer.mts"), [...exported, ...checks].join("\n"));
      expect(await tsc("--module", module, "--moduleResolution", resolution)).toBe("compiles");
    },
  );
});
