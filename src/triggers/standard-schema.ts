import { isJsonObject } from "../core/json.js";

/**
 * The part of Standard Schema v1 that is used here; zod, valibot, arktype and others implement it.
 * @see https://standardschema.dev
 */
export interface StandardSchema<Output, Input = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export function isStandardSchema(value: unknown): boolean {
  // Schemas of arktype are functions.
  const holder: unknown = typeof value === "function" || isJsonObject(value) ? Reflect.get(value, "~standard") : null;
  return isJsonObject(holder) && typeof holder["validate"] === "function";
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
