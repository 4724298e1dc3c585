import { existsSync, readFileSync } from "node:fs";

/** What another process wrote to a file, line by line; nothing while it has written none. */
export function linesOf(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
}
