import type { CliIo } from "./cli-io.js";
import { type CliConfig, loadConfig } from "./load-config.js";

/** Flags that every command has. */
export interface CommonFlags {
  readonly config?: string;
  readonly environment?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Runs a command over the source of the config, and closes both however it ends. */
export async function withSource(
  io: CliIo,
  flags: CommonFlags,
  run: (source: CliConfig["source"]) => Promise<number>,
): Promise<number> {
  const { source, close } = await loadConfig(io.cwd, flags.config);
  try {
    return await run(source);
  } finally {
    await close();
  }
}

export function writeJson(io: CliIo, value: unknown): void {
  io.write(`${JSON.stringify(value, null, 2)}\n`);
}
