import { isJsonObject, type JsonObject, toPlainJson } from "../core/json.js";
import { describeIssues } from "./describe-issues.js";
import { FieldFailure } from "./field-resolver.js";
import type { SchemaResult, StandardSchema } from "./standard-schema.js";

/**
 * The data as the schema of its workflow makes it.
 * @throws {FieldFailure} and nothing else
 */
export function checkData(schema: StandardSchema<unknown>, data: JsonObject): JsonObject {
  const result = validate(schema, data);
  if (result.issues !== undefined) {
    const { text, issues } = describeIssues("data", result.issues);
    throw new FieldFailure("data_mismatch", "data", `The data does not fit the workflow's schema: ${text}`, { issues });
  }
  const checked = toPlainJson(result.value);
  if (isJsonObject(checked)) return checked;
  throw failed("made something that is no JSON object");
}

function validate(schema: StandardSchema<unknown>, data: JsonObject): SchemaResult<unknown> {
  let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>;
  try {
    result = schema["~standard"].validate(data);
  } catch (error) {
    throw failed(`threw: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!(result instanceof Promise)) return result;
  result.catch(() => undefined);
  throw failed("answered with a promise; only synchronous schemas are supported");
}

function failed(what: string): FieldFailure {
  return new FieldFailure("schema_failed", "data", `The workflow's schema ${what}.`);
}
