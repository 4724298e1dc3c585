import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { root } from "./packed.js";

export interface BundleSize {
  /** Bytes of the library's own code, minified and compressed. */
  readonly gzip: number;
  /** The same with every package it imports. */
  readonly gzipWithPackages: number;
  /** Packages that it imports. */
  readonly packages: readonly string[];
  /** What a user's bundler would warn of. */
  readonly warnings: readonly string[];
}

const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, { import?: { default: string } }>;
};

/** What importing a subpath costs who bundles it, by the built library. */
export async function measureBundle(subpath: string): Promise<BundleSize> {
  const entry = exports[subpath.replace(/^bellwire/, ".")]?.import?.default ?? subpath;
  const bundle = (packages: "external" | "bundle") =>
    build({
      entryPoints: [join(root, entry)],
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      write: false,
      metafile: true,
      logLevel: "silent",
      packages,
    });
  const [own, whole] = await Promise.all([bundle("external"), bundle("bundle")]);
  const gzip = ({ outputFiles }: typeof own) =>
    outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0);
  const imported = Object.values(own.metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  return {
    gzip: gzip(own),
    gzipWithPackages: gzip(whole),
    packages: [...new Set(imported.filter((name) => !name.startsWith("node:")))].sort(),
    warnings: own.warnings.map(({ text }) => text),
  };
}
