import { BellwireError } from "../core/errors.js";
import { isStandardSchema } from "./standard-schema.js";

export interface NamedSchema {
  readonly name: string;
  readonly schema: unknown;
}

/** @param whyNamed what the name is for. @throws `CONFIG_TRIGGER_INVALID` */
export function checkNamedSchema(definer: string, { name, schema }: NamedSchema, whyNamed: string): void {
  if (name === "") throw invalid(`the name is empty. ${whyNamed}`);
  if (!isStandardSchema(schema)) {
    throw invalid(
      "the schema is no Standard Schema. Give one of zod 4, valibot 1, arktype 2 or another that implements it.",
    );
  }

  function invalid(what: string): BellwireError {
    const message = `${definer}(${JSON.stringify(name)}): ${what}`;
    return new BellwireError({ code: "CONFIG_TRIGGER_INVALID", message });
  }
}
