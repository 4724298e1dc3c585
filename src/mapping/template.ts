import type { JsonObject, JsonValue } from "../core/json.js";
import { invalidField } from "./invalid-field.js";
import type { CompiledMapping, UnresolvedPath } from "./mapping-value.js";
import { type CompiledPath, compilePath } from "./path.js";

/**
 * Compiles text with paths in double braces. Lists and objects are written as JSON; a path that leads nowhere is reported and
 * leaves nothing behind, as does `null`.
 *
 * @throws `CONFIG_PATH_INVALID`, `CONFIG_TRIGGER_INVALID` for braces that are not closed
 */
export function compileTemplate(template: string, field: string): CompiledMapping {
  const parts = template
    .split(/\{\{(.*?)\}\}/s)
    .map((part, index) => (index % 2 === 0 ? checkText(part, field) : compilePath(part.trim(), field)));
  return {
    paths: parts.flatMap((part) => (typeof part === "string" ? [] : [{ field, path: part }])),
    resolve(event, unresolved) {
      let text = "";
      for (const part of parts) text += typeof part === "string" ? part : readText(part, event, field, unresolved);
      return text;
    },
  };
}

function checkText(text: string, field: string): string {
  const at = text.indexOf("{{");
  if (at === -1) return text;
  throw invalidField(field, `has a {{ in its @template that no }} closes: ${JSON.stringify(text.slice(at, at + 80))}`);
}

function readText(path: CompiledPath, event: JsonObject, field: string, unresolved: UnresolvedPath[]): string {
  const value: JsonValue | undefined = path.read(event);
  if (value === undefined) unresolved.push({ field, path: path.path, ...path.explain(event) });
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
