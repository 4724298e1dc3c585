import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { messageOf } from "../core/errors.js";
import { type CliIo, UsageError } from "./cli-io.js";

/** JSON from a file, or from standard input where the file is `-`. @throws {UsageError} */
export async function readJson(path: string, { cwd, readInput }: Pick<CliIo, "cwd" | "readInput">): Promise<unknown> {
  let text: string;
  try {
    text = path === "-" ? await readInput() : readFileSync(resolve(cwd, path), "utf8");
  } catch (cause) {
    throw new UsageError(`${path} can not be read: ${messageOf(cause)}`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${path} is no JSON: ${messageOf(cause)}`);
  }
}
