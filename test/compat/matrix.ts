import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { linkEverything, packAndInstall } from "../support/packed.js";
import { startPostgres } from "../support/postgres.js";
import { type Cell, formatMatrix } from "./format-matrix.js";
import { runtimes, tryRuntime } from "./runtimes.js";
import { installTools } from "./tools.js";
import { compilers, tryCompiler } from "./typescript.js";

/** Runs the packed library on every supported Node, on Bun, and through every supported TypeScript: `npm run test:compat`. */
const say = (line: string) => void process.stdout.write(`${line}\n`);
const tools = await installTools({ ...runtimes, ...compilers });
const [packed, types, postgres] = await Promise.all([packAndInstall(), packAndInstall(), startPostgres()]);
linkEverything(packed.project);

const cells: Cell[] = [];
const add = (found: readonly Cell[]) => {
  for (const cell of found) say(`${cell.ok ? "ok    " : "FAILED"} ${cell.row}: ${cell.column}: ${cell.text}`);
  cells.push(...found);
};
for (const name of Object.keys(runtimes)) {
  add(await tryRuntime(name, { tools, project: packed.project, databaseUrl: postgres.connectionString }));
}
for (const name of Object.keys(compilers))
  add(await tryCompiler(name, { tools, project: types.project, linked: packed.project }));

await postgres.stop();
for (const { tarball } of [packed, types]) rmSync(dirname(tarball), { recursive: true, force: true });
if (process.env["COMPAT_TOOLS"] === undefined) rmSync(tools, { recursive: true, force: true });

say(`\n${formatMatrix(cells)}`);
const failed = cells.filter(({ ok }) => !ok);
for (const { row, column, output } of failed) say(`\n--- ${row}: ${column}\n${output ?? ""}`);
// Left to end by itself, the process would end with 0: the hook by which the embedded server stops with it sets the code anew.
process.stdout.write("", () => process.exit(failed.length === 0 ? 0 : 1));
