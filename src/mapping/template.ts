import type { JsonObject, JsonValue } from "../core/json.js";
import type { CompiledMapping, UnresolvedPath } from "./mapping-value.js";
import { type CompiledPath, compilePath } from "./path.js";

/**
 * Compiles text with paths in double braces. Lists and objects are written as JSON; a path that leads nowhere is reported and
 * leaves nothing behind, as does `null`.
 *
 * @throws `CONFIG_PATH_INVALID`
 */
export function compileTemplate(template: string, field: string): CompiledMapping {
  const parts = template
    .split(/\{\{(.*?)\}\}/s)
    .map((part, index) => (index % 2 === 0 ? part : compilePath(part.trim(), field)));
  return {
    paths: parts.flatMap((part) => (typeof part === "string" ? [] : [{ field, path: part }])),
    resolve(event, unresolved) {
      let text = "";
      for (const part of parts) text += typeof part === "string" ? part : readText(part, event, field, unresolved);
      return text;
    },
  };
}

function readText(path: CompiledPath, event: JsonObject, field: string, unresolved: UnresolvedPath[]): string {
  const value: JsonValue | undefined = path.read(event);
  if (value === undefined) unresolved.push({ field, path: path.path, ...path.explain(event) });
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
