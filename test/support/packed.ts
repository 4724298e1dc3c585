import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const exec = promisify(execFile);

/** What a user can import: "bellwire", "bellwire/express", … */
export const subpaths: readonly string[] = Object.keys(
  JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports,
)
  .filter((subpath) => subpath !== "./package.json")
  .map((subpath) => subpath.replace(/^\./, "bellwire"));

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

/** Gives a project everything else that the checkout has installed: frameworks, clients, drivers and their types. */
export function linkEverything(project: string): void {
  const from = join(root, "node_modules");
  const names = readdirSync(from).flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(from, name)).map((inner) => join(name, inner)) : [name],
  );
  for (const name of names) {
    const to = join(project, "node_modules", name);
    if (existsSync(to) || name.startsWith(".")) continue;
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(join(from, name), to);
  }
}
