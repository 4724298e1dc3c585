import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { BellwireError } from "../core/errors.js";
import { isJsonObject } from "../core/json.js";
import type { SegmentSource } from "../source/segment-source.js";
import type { TriggerDefinition } from "../triggers/trigger-definition.js";
import { UsageError } from "./cli-io.js";
import { type LoadedModule, loadModule } from "./load-module.js";

/** What a config module exports: the source by default (or a function that makes it), and perhaps what closes what it opened. */
export interface CliConfig {
  readonly source: SegmentSource;
  readonly close: () => Promise<void>;
}

const names = ["ts", "mts", "cts", "js", "mjs", "cjs"].map((extension) => `bellwire.config.${extension}`);

/** The path of the config; `null` when none was named and none is there. */
export function findConfig(cwd: string, named: string | undefined): string | null {
  if (named !== undefined) return resolve(cwd, named);
  return names.map((name) => join(cwd, name)).find((path) => existsSync(path)) ?? null;
}

/** @throws {UsageError} that says what the module should export */
export async function loadConfig(cwd: string, named: string | undefined): Promise<CliConfig> {
  const path = findConfig(cwd, named);
  if (path === null) {
    throw new UsageError(
      `There is no bellwire.config.ts (or .js) in ${cwd}. Point at one with --config FILE. ${example}`,
    );
  }
  const loaded = await loadExisting(path);
  const source: unknown = await made(loaded["default"] ?? loaded["source"]);
  if (!isSource(source)) throw new UsageError(`${path} exports no source. ${example}`);
  const close = loaded["close"];
  return {
    source,
    close: async () => {
      await source.close();
      if (typeof close === "function") await close();
    },
  };
}

const example = "It exports a source by default: export default createSegmentSource({ … }).";

/** Triggers that a module exports: a list by default or as `triggers`, or every export that is a trigger. */
export async function loadTriggers(cwd: string, file: string): Promise<readonly TriggerDefinition[]> {
  const path = resolve(cwd, file);
  const loaded = await loadExisting(path);
  const listed: unknown = await made(loaded["default"] ?? loaded["triggers"]);
  const triggers = (Array.isArray(listed) ? listed : Object.values(loaded)).filter(isTrigger);
  if (triggers.length === 0) {
    throw new UsageError(`${path} exports no triggers: export default [defineTrigger({ … })], or each under a name.`);
  }
  return triggers;
}

async function loadExisting(path: string): Promise<LoadedModule> {
  if (!existsSync(path)) throw new UsageError(`There is no ${path}.`);
  try {
    return await loadModule(path);
  } catch (error) {
    if (error instanceof UsageError || BellwireError.is(error)) throw error;
    // "Unexpected token" alone does not say which file to look into.
    throw new Error(`${path} can not be loaded: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function made(value: unknown): unknown {
  return typeof value === "function" ? value() : value;
}

function isSource(value: unknown): value is SegmentSource {
  return isJsonObject(value) && typeof value["handleSegmentPayload"] === "function" && isJsonObject(value["events"]);
}

function isTrigger(value: unknown): value is TriggerDefinition {
  return isJsonObject(value) && typeof value["key"] === "string" && typeof value["workflow"] === "string";
}
