import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Bench, BenchCase } from "../measure.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** In a process of its own, which says by itself how long the import took. */
function importing(name: string, role: BenchCase["role"], modules: readonly string[] = [name]): BenchCase {
  const imports = modules.map((each) => `await import(${JSON.stringify(each)});`).join(" ");
  const script = `const start = performance.now(); ${imports} process.stdout.write(String(performance.now() - start));`;
  const run = () =>
    Number(execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: root, encoding: "utf8" }));
  return { name: `import ${name}`, role, prepare: async () => run };
}

export const importCost: Bench = {
  title: "importing the built package, which npm run build makes",
  operations: 1,
  unit: "ms",
  cases: [
    importing("zod", "floor"),
    importing("bellwire", "us"),
    importing("what it depends on", "peer", ["zod", "jsonpath-plus", "eventemitter3"]),
  ],
  goals: { floors: 1.2 },
  rounds: 21,
};
