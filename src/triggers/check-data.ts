import { isJsonObject, type JsonObject, toPlainJson } from "../core/json.js";
import { describeIssues } from "./describe-issues.js";
import { FieldFailure } from "./field-resolver.js";
import { describeThrown } from "./host-words.js";
import type { StandardSchema } from "./standard-schema.js";
import { type Validated, validate } from "./validate.js";

/**
 * The data as the schema of its workflow makes it.
 * @throws {FieldFailure} and nothing else
 */
export function checkData(schema: StandardSchema<unknown>, data: JsonObject): JsonObject {
  const result = validate(schema, data);
  switch (result.status) {
    case "failed":
      throw failed(() => `The workflow's schema ${result.what}.`);
    case "threw":
      throw failed((quotes) => describeThrown("The workflow's schema threw", result.error, quotes));
    case "misfit":
      throw new FieldFailure("data_mismatch", "data", (quotes) => describeMisfit(result, quotes));
    case "fits": {
      const checked = toPlainJson(result.value);
      if (isJsonObject(checked)) return checked;
      throw failed(() => "The workflow's schema made something that is no JSON object.");
    }
  }
}

function describeMisfit(result: Extract<Validated, { readonly status: "misfit" }>, quotes: boolean) {
  // Which part of the event a part of the data came from can not be told.
  const { text, issues } = describeIssues(result, { root: "data", isKept: () => quotes });
  return { message: `The data does not fit the workflow's schema: ${text}`, facts: { issues } };
}

function failed(describe: (quotes: boolean) => string): FieldFailure {
  return new FieldFailure("schema_failed", "data", (quotes) => ({ message: describe(quotes) }));
}
