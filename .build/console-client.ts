import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const folder = new URL("../src/console/", import.meta.url);
const license = readFileSync(new URL("../node_modules/preact/LICENSE", import.meta.url), "utf8");
const target = fileURLToPath(new URL("client-bundle.js", folder));

/** Bundles the console's browser client into a module of two strings, so that nothing is read from disk at run time. */
export async function bundleConsoleClient(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: ["client/main.tsx", "client/styles/console.css"].map((path) => fileURLToPath(new URL(path, folder))),
    bundle: true,
    minify: true,
    write: false,
    outdir: "out",
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    charset: "utf8",
    footer: { js: `/*! Contains preact.\n${license}*/` },
  });
  const textOf = (extension: string) => outputFiles.find(({ path }) => path.endsWith(extension))?.text ?? "";
  const text = `export const script = ${JSON.stringify(textOf(".js"))};\nexport const style = ${JSON.stringify(textOf(".css"))};\n`;
  if (read(target) === text) return;
  // Whoever imports it just now must see one version or the other.
  const draft = `${target}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, target);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await bundleConsoleClient();
