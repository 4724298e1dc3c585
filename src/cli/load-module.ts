import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { isJsonObject } from "../core/json.js";
import { UsageError } from "./cli-io.js";

/** A module's exports by name. */
export type LoadedModule = Readonly<Record<string, unknown>>;

/**
 * Loads a module of the user's project, TypeScript too: by Node itself where it strips types, otherwise with the project's own
 * `tsx` or `jiti`.
 *
 * @throws {UsageError} where there is no such file, or nothing that can load it
 */
export async function loadModule(path: string): Promise<LoadedModule> {
  const isTypeScript = /\.[cm]?ts$/.test(path);
  if (!isTypeScript) return importFile(path);
  const loader = findLoader(path);
  if (!stripsTypes()) {
    if (loader === null) throw new UsageError(noLoader(path));
    return loader(path);
  }
  try {
    return await importFile(path);
  } catch (error) {
    // Node strips types and does no more: enums, and imports of ".js" that are ".ts" files, are left to a loader.
    if (!isBeyondStripping(error)) throw error;
    if (loader === null) throw new UsageError(`${String(error)}\n${strippingOnly}`);
    return loader(path);
  }
}

const strippingOnly =
  "Node strips types and does no more: it knows no enums, and no .js that is a .ts file. With tsx installed (npm install --save-dev tsx) it is used instead.";

async function importFile(path: string): Promise<LoadedModule> {
  return unwrap(await import(pathToFileURL(path).href));
}

function stripsTypes(): boolean {
  return Boolean(Reflect.get(process.features, "typescript"));
}

function isBeyondStripping(error: unknown): boolean {
  const code: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "code") : null;
  return code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX" || code === "ERR_MODULE_NOT_FOUND";
}

type Loader = (path: string) => Promise<LoadedModule>;

function findLoader(path: string): Loader | null {
  return findTsx(path) ?? findJiti(path);
}

function findTsx(path: string): Loader | null {
  const manifest = resolveFrom(path, "tsx/package.json");
  if (manifest === null) return null;
  // Its CommonJS build looks for its own files in the wrong place, and require.resolve finds no other.
  const entry = join(dirname(manifest), "dist", "esm", "api", "index.mjs");
  return async (file) => {
    const { tsImport } = await importFile(entry);
    if (typeof tsImport !== "function")
      throw new UsageError("The project's tsx is too old; update it to version 4.7 or later.");
    const url = pathToFileURL(file).href;
    return unwrap(await tsImport(url, url));
  };
}

function findJiti(path: string): Loader | null {
  const entry = resolveFrom(path, "jiti");
  if (entry === null) return null;
  return async (file) => {
    const { createJiti } = await importFile(entry);
    if (typeof createJiti !== "function")
      throw new UsageError("The project's jiti is too old; update it to version 2 or later.");
    const jiti: unknown = createJiti(file);
    const load: unknown = typeof jiti === "function" ? Reflect.get(jiti, "import") : null;
    if (typeof load !== "function") throw new UsageError("The project's jiti can not import; update it.");
    return unwrap(await load.call(jiti, file));
  };
}

/** As the project itself would find it; `null` when it is not installed there. */
function resolveFrom(path: string, name: string): string | null {
  try {
    return createRequire(join(dirname(path), "noop.js")).resolve(name);
  } catch {
    return null;
  }
}

/** A CommonJS module stands whole under `default`, some loaders wrap once more. */
function unwrap(loaded: unknown): LoadedModule {
  if (!isRecord(loaded)) return {};
  const inner = loaded["default"];
  const isWrapped = isRecord(inner) && (Object.hasOwn(inner, "default") || Object.hasOwn(inner, "__esModule"));
  return isWrapped ? { ...loaded, ...inner } : loaded;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return isJsonObject(value);
}

function noLoader(path: string): string {
  return [
    `${path} is TypeScript, which Node ${process.versions.node} does not load by itself, and the project has neither tsx nor jiti.`,
    `Install one (npm install --save-dev tsx), use Node 22.18 or newer, or write the file as ${extname(path).replace("t", "j")}.`,
  ].join("\n");
}
