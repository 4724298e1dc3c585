import { isJsonObject, isUnsafeKey, type JsonObject, type JsonValue } from "../core/json.js";
import { kindOf } from "../segment/kind-of.js";
import { createHolders } from "./holders.js";
import { invalidField } from "./invalid-field.js";
import type { CompiledMapping } from "./mapping-value.js";
import { requireJson } from "./non-json.js";
import { ownMember } from "./own-member.js";
import { compilePath } from "./path.js";
import { compileTemplate } from "./template.js";

const maxDepth = 32;

/**
 * @param field names the mapping in messages
 * @throws `CONFIG_PATH_INVALID`, `CONFIG_TRIGGER_INVALID`
 */
export function compileMapping(mapping: unknown, field: string): CompiledMapping {
  return compileValue(mapping, field, 0);
}

function compileValue(mapping: unknown, field: string, depth: number): CompiledMapping {
  if (depth > maxDepth) throw invalidField(field, `is nested more than ${maxDepth} levels deep`);
  if (typeof mapping === "string") return compilePathMapping(mapping, field, undefined);
  if (mapping === null || typeof mapping === "boolean" || (typeof mapping === "number" && Number.isFinite(mapping))) {
    return { paths: [], resolve: () => mapping };
  }
  if (Array.isArray(mapping)) return compileList(mapping, field, depth);
  if (isPlainObject(mapping)) {
    const directive = Object.keys(mapping).find((key) => key.startsWith("@"));
    return directive === undefined ? compileObject(mapping, field, depth) : compileDirective(mapping, directive, field);
  }
  throw invalidField(field, `is ${mapping instanceof Date ? "a Date" : kindOf(mapping)}; expected JSON`);
}

function isPlainObject(value: unknown): value is JsonObject {
  if (!isJsonObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function compilePathMapping(path: string, field: string, fallback: JsonValue | undefined): CompiledMapping {
  const compiled = compilePath(path, field);
  return {
    paths: [{ field, path: compiled, ...(fallback !== undefined && { fallback }) }],
    ...(compiled.names !== null && { names: compiled.names }),
    resolve(event, unresolved) {
      const value = compiled.read(event);
      if (value !== undefined) return value;
      if (fallback === undefined) unresolved.push({ field, path, ...compiled.explain(event) });
      return fallback;
    },
  };
}

function compileDirective(mapping: JsonObject, directive: string, field: string): CompiledMapping {
  const foreign = Object.keys(mapping).filter(
    (key) => key !== directive && !(directive === "@path" && key === "default"),
  );
  if (foreign.length > 0) throw invalidField(field, `has ${foreign.join(", ")} beside ${directive}`);
  const value = mapping[directive];
  requireJson(directive === "@path" ? mapping["default"] : value, directive === "@path" ? `${field}.default` : field);
  if (directive === "@literal" && value !== undefined) return { paths: [], resolve: () => value };
  if (directive === "@path" && typeof value === "string") return compilePathMapping(value, field, mapping["default"]);
  if (directive === "@template" && typeof value === "string") return compileTemplate(value, field);
  const known = directive === "@path" || directive === "@template" || directive === "@literal";
  throw invalidField(
    field,
    known
      ? `needs a text for ${directive}`
      : `has the unknown directive ${directive}; there are @path, @literal and @template`,
  );
}

function compileList(mapping: readonly unknown[], field: string, depth: number): CompiledMapping {
  const items = mapping.map((item, index) => compileValue(item, `${field}.${index}`, depth + 1));
  return {
    paths: items.flatMap(({ paths }) => paths),
    resolve(event, unresolved) {
      const list: JsonValue[] = [];
      for (const item of items) {
        const value = item.resolve(event, unresolved);
        if (value !== undefined) list.push(value);
      }
      return list;
    },
  };
}

function compileObject(mapping: JsonObject, field: string, depth: number): CompiledMapping {
  const holders = createHolders();
  const members = Object.entries(mapping).map(([key, value]) => {
    if (isUnsafeKey(key)) throw invalidField(field, `has the key ${key}, which could reach a prototype`);
    const compiled = compileValue(value, `${field}.${key}`, depth + 1);
    const { names = [] } = compiled;
    return { key, mapping: compiled, holder: holders.holderOf(names), name: names.at(-1) };
  });
  // A copy of it has room for every member at once; one member after the other would make the engine move the object as it grows.
  const blank: JsonObject = Object.fromEntries(members.map(({ key }) => [key, null]));
  return {
    paths: members.flatMap((member) => member.mapping.paths),
    resolve(event, unresolved) {
      const held = holders.reach(event);
      const object: Record<string, JsonValue> = { ...blank };
      let missing: Set<string> | null = null;
      for (const { key, holder, name, mapping } of members) {
        const found = name === undefined ? undefined : ownMember(held[holder], name);
        // What is not there may still be in a list on the way, or have a default.
        const value = found === undefined ? mapping.resolve(event, unresolved) : found;
        if (value === undefined) missing = (missing ?? new Set()).add(key);
        else object[key] = value;
      }
      return missing === null ? object : without(object, missing);
    },
  };
}

function without(object: JsonObject, missing: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !missing.has(key)));
}
