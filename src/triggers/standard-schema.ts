import { messageOf } from "../core/errors.js";
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

/** What a schema answers, or how it fails to, said of the schema: `threw: …`. Never throws. */
export function validate<Output>(
  schema: StandardSchema<Output>,
  value: unknown,
): SchemaResult<Output> | { readonly failure: string } {
  let result: SchemaResult<Output> | Promise<SchemaResult<Output>>;
  try {
    result = schema["~standard"].validate(value);
  } catch (error) {
    return { failure: `threw: ${messageOf(error)}` };
  }
  if (!(result instanceof Promise)) return result;
  // Nobody will await it; its rejection must not end the process.
  result.catch(() => undefined);
  return { failure: "answered with a promise; only synchronous schemas are supported" };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
