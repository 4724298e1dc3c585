import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { subpaths } from "../support/packed.js";
import { readmePrograms } from "../support/readme.js";
import type { Cell } from "./format-matrix.js";
import { tryToRun } from "./tools.js";

export const compilers = Object.fromEntries(
  ["5.4", "5.5", "5.6", "5.7", "5.8", "5.9", "6.0", "7.0"].map((version) => [
    `typescript-${version}`,
    `typescript@${version}`,
  ]),
);

const resolutions = [
  ["node16", "node16"],
  ["nodenext", "nodenext"],
  ["bundler", "esnext"],
] as const;

export interface Projects {
  readonly tools: string;
  /** Has the packed library and its dependencies only: their types are checked as well. */
  readonly project: string;
  /** Has the frameworks and clients too, for the README's programs. */
  readonly linked: string;
}

/** Compiles consumers of the packed types with one compiler, the library's own declarations included. */
export async function tryCompiler(name: string, { tools, project, linked }: Projects): Promise<readonly Cell[]> {
  const tsc = join(tools, "node_modules", name, "bin", "tsc");
  const { stdout } = await tryToRun(process.execPath, [tsc, "--version"], { cwd: tools });
  const row = `TypeScript ${stdout.replace("Version", "").trim()}`;
  const everything = subpaths.map(
    (subpath, index) => `import * as module${index} from ${JSON.stringify(subpath)}; void module${index};`,
  );
  const compile = async (cwd: string, files: Readonly<Record<string, string>>, options: readonly string[]) => {
    for (const [file, code] of Object.entries(files)) writeFileSync(join(cwd, file), code);
    const strict = [
      "--noEmit",
      "--strict",
      "--exactOptionalPropertyTypes",
      "--target",
      "es2022",
      "--lib",
      "es2023",
      "--types",
      "node",
    ];
    const ran = await tryToRun(process.execPath, [tsc, ...strict, ...options, ...Object.keys(files)], { cwd });
    return {
      ok: ran.code === 0,
      text: ran.code === 0 ? "compiles" : "fails",
      output: (ran.stdout + ran.stderr).slice(0, 4_000),
    };
  };
  const cells: Cell[] = [];
  for (const [resolution, module] of resolutions) {
    const options = ["--module", module, "--moduleResolution", resolution, "--skipLibCheck", "false"];
    const files = {
      "consumer.mts": everything.join("\n"),
      ...(resolution === "bundler" ? {} : { "consumer.cts": everything.join("\n") }),
    };
    cells.push({ row, column: `${resolution}, \`skipLibCheck: false\``, ...(await compile(project, files, options)) });
  }
  const programs = readmePrograms().map((code, index) => [`readme-${index}.mts`, `${code}\nexport {};\n`]);
  const options = ["--module", "nodenext", "--moduleResolution", "nodenext", "--skipLibCheck"];
  cells.push({
    row,
    column: "the README's programs",
    ...(await compile(linked, Object.fromEntries(programs), options)),
  });
  return cells;
}
