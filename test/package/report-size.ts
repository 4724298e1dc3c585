import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { packAndInstall, subpaths } from "../support/packed.js";
import { measureBundle } from "../support/size.js";

/** Size and import cost of every subpath, as a table: `npm run size`. */
const { project, tarball } = await packAndInstall();

/** Milliseconds that a fresh process takes to import it; the median of nine. */
function importCost(subpath: string): number {
  const code = `const t = process.hrtime.bigint(); await import(${JSON.stringify(subpath)}); console.log(Number(process.hrtime.bigint() - t) / 1e6)`;
  const times = Array.from({ length: 9 }, () =>
    Number(execFileSync(process.execPath, ["--input-type=module", "-e", code], { cwd: project, encoding: "utf8" })),
  );
  return times.sort((a, b) => a - b)[4] ?? Number.NaN;
}

const kilobytes = (bytes: number) => `${(bytes / 1_024).toFixed(1)} KB`;
const lines = [
  ["import", "own code, min + gzip", "with its packages", "import"],
  ["---", "---", "---", "---"],
];
for (const subpath of [...subpaths, "zod"]) {
  const size = subpath === "zod" ? undefined : await measureBundle(subpath);
  const sizes = size === undefined ? ["", ""] : [kilobytes(size.gzip), kilobytes(size.gzipWithPackages)];
  lines.push([`\`${subpath}\``, ...sizes, `${importCost(subpath).toFixed(0)} ms`]);
}
process.stdout.write(`${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}\n`);
rmSync(dirname(tarball), { recursive: true, force: true });
