import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

const rooms = "core segment mapping recipients users outcome triggers storage runner source http".split(" ");
const sources = fileURLToPath(new URL("../src", import.meta.url));
const mainModule = join(sources, "source/create-segment-source.ts");
const testing = join(sources, "testing/");
const exportOf = /^export\s+(?:abstract\s+|async\s+)?(?:function\*?|class|const|let)\s+(\w+)/gm;
const importFrom = /^(?:import|export)\s+(?!type\b)(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm;

/** What the entry is called in the build, and which file stands for it: this one, whose text the plugin replaces. */
export const lightEntry = { shared: ".build/light-modules.ts" };

/**
 * The modules of the library that need no package, themselves or through others, become one file which all entries share. Left to
 * themselves, bundlers make a file of every set of modules that the same entries have in common, and node takes as long to load one
 * of ten lines as one of a thousand.
 */
export function lightModules(): Plugin {
  const light = findLightModules();
  refuseEqualNames(light);
  const isLight = (path: string) => light.has(path);
  return {
    name: "light-modules",
    setup(build) {
      const file = (name: string) => `${name}${build.initialOptions.outExtension?.[".js"] ?? ".js"}`;
      build.onLoad({ filter: /light-modules\.ts$/ }, () => ({
        contents: [...light].map((path) => `export * from ${JSON.stringify(path)};`).join("\n"),
        resolveDir: sources,
      }));
      build.onResolve({ filter: /^\.\.?\// }, ({ path, importer, resolveDir }) => {
        const source = toSource(join(resolveDir, path));
        if (isLight(importer)) return null;
        // The one entry that stands in a folder of its own.
        const folder = importer.endsWith("/testing/matchers.ts") ? ".." : ".";
        if (isLight(source)) return { path: `${folder}/${file("shared")}`, external: true, sideEffects: false };
        // What the main entry exports is in it, and no file between it and others that need the same.
        if (source !== mainModule || !importer.startsWith(testing)) return null;
        return { path: `${folder}/${file("index")}`, external: true, sideEffects: false };
      });
    },
  };
}

function findLightModules(): ReadonlySet<string> {
  const imports = new Map<string, readonly string[]>();
  for (const room of rooms) {
    for (const name of readdirSync(join(sources, room)).filter((each) => each.endsWith(".ts"))) {
      const path = join(sources, room, name);
      imports.set(
        path,
        [...readFileSync(path, "utf8").matchAll(importFrom)].flatMap(([, from]) => from ?? []),
      );
    }
  }
  const heavy = new Set<string>();
  const isHeavy = (path: string, from: string) =>
    from.startsWith(".") ? heavy.has(toSource(join(dirname(path), from))) : !from.startsWith("node:");
  for (let found = -1; found !== heavy.size; ) {
    found = heavy.size;
    for (const [path, froms] of imports) if (froms.some((from) => isHeavy(path, from))) heavy.add(path);
  }
  return new Set([...imports.keys()].filter((path) => !heavy.has(path)));
}

/** Of two exports of one name neither would be in the file, and nobody would say so before it is imported. */
function refuseEqualNames(paths: ReadonlySet<string>): void {
  const exporters = new Map<string, string>();
  for (const path of paths) {
    for (const [, name = ""] of readFileSync(path, "utf8").matchAll(exportOf)) {
      const other = exporters.get(name);
      if (other !== undefined && other !== path)
        throw new Error(`${name} is exported by ${other} and by ${path}; rename one of them.`);
      exporters.set(name, path);
    }
  }
}

function toSource(path: string): string {
  return path.replace(/\.js$/, ".ts");
}
