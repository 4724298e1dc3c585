import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const exec = promisify(execFile);

export interface Packed {
  readonly tarball: string;
  /** What is in the tarball, from its root. */
  readonly files: readonly string[];
  /** A project of its own, outside of the checkout, with the packed library and its run-time dependencies installed. */
  readonly project: string;
}

/** Packs the built library as `npm publish` would, and installs it into an empty project. */
export async function packAndInstall(): Promise<Packed> {
  const folder = mkdtempSync(join(tmpdir(), "bellwire-pack-"));
  const packed = await exec("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], { cwd: root });
  const [{ filename, files }] = JSON.parse(packed.stdout) as [{ filename: string; files: { path: string }[] }];
  const tarball = join(folder, filename);
  const project = join(folder, "project");
  const modules = join(project, "node_modules");
  mkdirSync(modules, { recursive: true });
  await exec("tar", ["-xzf", tarball, "-C", folder]);
  cpSync(join(folder, "package"), join(modules, "bellwire"), { recursive: true });
  mkdirSync(join(modules, "@opentelemetry"));
  // The dependencies, and the optional peers that subpaths import.
  const peers = ["standardwebhooks", "@opentelemetry/api"];
  for (const dependency of ["zod", "jsonpath-plus", "eventemitter3", "@types", ...peers]) {
    symlinkSync(join(root, "node_modules", dependency), join(modules, dependency));
  }
  return { tarball, files: files.map((file) => file.path), project };
}
