import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./packed.js";

export const readme = readFileSync(join(root, "README.md"), "utf8");

/** The snippets of the README as programs; one that continues another is part of it. */
export function readmePrograms(): readonly string[] {
  const found: string[] = [];
  for (const [, mark, code = ""] of readme.matchAll(/(?:<!-- snippet: (\w+) -->\n)?```ts\n([\s\S]*?)```/g)) {
    if (mark === "continues" && found.length > 0) found[found.length - 1] += code;
    else found.push(code);
  }
  return found;
}
