import type { JsonObject, JsonValue } from "../core/json.js";
import type { CompiledPath } from "./path.js";

/** A path with a value for when it leads nowhere. Named as in Segment's mapping kit. */
export interface PathDirective {
  readonly "@path": string;
  readonly default?: JsonValue;
}

/** The value itself, which as a bare string would be read as a path. */
export interface LiteralDirective {
  readonly "@literal": JsonValue;
}

/** Text with paths in double braces: `"Hello {{traits.name}}"`. */
export interface TemplateDirective {
  readonly "@template": string;
}

/** How a value is made from an event: a path, a literal number, boolean or null, a directive, or a list or object of these. */
export type MappingValue =
  | string
  | number
  | boolean
  | null
  | PathDirective
  | LiteralDirective
  | TemplateDirective
  | readonly MappingValue[]
  | { readonly [key: string]: MappingValue };

/** A path that led nowhere, and how far it got. */
export interface UnresolvedPath {
  /** Such as `recipients` or `data.title`. */
  readonly field: string;
  readonly path: string;
  readonly reached: string;
  readonly nearest: string | null;
}

/** A path of a mapping, for those who explain what came of it. */
export interface MappedPath {
  readonly field: string;
  readonly path: CompiledPath;
  readonly fallback?: JsonValue;
}

export interface CompiledMapping {
  /** Every path that is read, in the order of reading. */
  readonly paths: readonly MappedPath[];
  /** The steps of a mapping that is nothing but a path of names, for those who read many of them. */
  readonly names?: readonly string[];
  /** `undefined` when nothing came of it. Paths that lead nowhere are added to `unresolved`; in objects and lists they are left out. */
  resolve(event: JsonObject, unresolved: UnresolvedPath[]): JsonValue | undefined;
}
