import { isJsonObject, type JsonObject, toPlainJson } from "../core/json.js";
import { describeIssues } from "./describe-issues.js";
import { FieldFailure } from "./field-resolver.js";
import { type StandardSchema, validate } from "./standard-schema.js";

/**
 * The data as the schema of its workflow makes it.
 * @throws {FieldFailure} and nothing else
 */
export function checkData(schema: StandardSchema<unknown>, data: JsonObject): JsonObject {
  const result = validate(schema, data);
  if ("failure" in result) throw failed(result.failure);
  if (result.issues !== undefined) {
    const { text, issues } = describeIssues("data", result.issues);
    throw new FieldFailure("data_mismatch", "data", `The data does not fit the workflow's schema: ${text}`, { issues });
  }
  const checked = toPlainJson(result.value);
  if (isJsonObject(checked)) return checked;
  throw failed("made something that is no JSON object");
}

function failed(what: string): FieldFailure {
  return new FieldFailure("schema_failed", "data", `The workflow's schema ${what}.`);
}
