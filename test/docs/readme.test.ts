import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bellwireErrorCodes } from "../../src/core/errors.js";
import { eventReasons, recipientReasons, triggerReasons } from "../../src/core/reasons.js";
import { root } from "../support/packed.js";
import { readme, readmePrograms } from "../support/readme.js";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const folder = join(dirname(fileURLToPath(import.meta.url)), "snippets");

/** Imports may stand in the middle of a program that is shown in parts, but a module wants each name once. */
const files = readmePrograms().map((code, index) => ({
  path: join(folder, `snippet-${index}.ts`),
  code: `${code}\nexport {};\n`,
}));

describe("the README's snippets", () => {
  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    for (const { path, code } of files) writeFileSync(path, code);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("are there", () => expect(files.length).toBeGreaterThanOrEqual(3));

  it.each(files.map(({ path }, index) => [index, path] as const))("program %i runs", async (_, path) => {
    await import(pathToFileURL(path).href);
  });

  it("compile", { timeout: 120_000 }, async () => {
    const config = join(folder, "tsconfig.json");
    writeFileSync(
      config,
      JSON.stringify({
        extends: join(root, "tsconfig.json"),
        compilerOptions: { noUnusedLocals: false },
        include: ["./*.ts"],
      }),
    );
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", config]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe("");
  });

  it("say of what they print what it is", async () => {
    const claims = [...readme.matchAll(/console\.log\(([^\n]+)\); \/\/ (.+)/g)];
    expect(claims.length).toBeGreaterThan(4);
    const lines: string[] = [];
    const program = readmePrograms().map((code) =>
      code.replace(/console\.log\(([^\n]+)\); \/\/ (.+)/g, (_, shown, claim) => `claim(${shown}, (${claim}));`),
    );
    for (const [index, code] of program.entries()) {
      const path = join(folder, `claims-${index}.ts`);
      writeFileSync(
        path,
        `const claim = (actual: unknown, said: unknown) => { if (JSON.stringify(actual) !== JSON.stringify(said)) throw new Error(JSON.stringify(actual) + " is not " + JSON.stringify(said)); };\n${code}\nexport {};\n`,
      );
      await import(pathToFileURL(path).href).catch((error: Error) => lines.push(error.message));
    }
    expect(lines).toEqual([]);
  });
});

it("every npm command in the README exists", () => {
  const commands = [...readme.matchAll(/npm (?:run )?(start|test|run [\w:]+)/g)].map(([, name = ""]) =>
    name.replace("run ", ""),
  );
  expect(commands.filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
});

it("leads to every one of its parts from the top", () => {
  const headings = [...readme.matchAll(/^## (.+)$/gm)]
    .map(([, title = ""]) => title)
    .filter((title) => title !== "License");
  const slug = (title: string) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-");
  const [top = ""] = readme.split(/^## /m);
  const linked = [...top.matchAll(/\[([^\]]+)\]\(#([\w-]+)\)/g)].map(([, title, target]) => [title, target]);
  expect(linked).toEqual(headings.map((title) => [title, slug(title)]));
});

it("names only files that exist", () => {
  const links = [...readme.matchAll(/\]\(((?!https?:|#)[^)]+)\)/g)].map(([, path = ""]) => path);
  const folders = [...readme.matchAll(/`(examples\/[\w-]+)`/g)].map(([, path = ""]) => path);
  expect(folders.length).toBeGreaterThan(5);
  expect([...links, ...folders].filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

describe("the README's tables", () => {
  const codesUnder = (heading: string) => {
    const section = readme.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
    return [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, code = ""]) => code);
  };

  it("list every error code once", () => {
    expect(codesUnder("Error codes").sort()).toEqual([...bellwireErrorCodes].sort());
  });

  it("list every reason", () => {
    const reasons = [...eventReasons, ...triggerReasons, ...recipientReasons];
    expect(codesUnder("Reasons").sort()).toEqual([...reasons].sort());
  });
});
