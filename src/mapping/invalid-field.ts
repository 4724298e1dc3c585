import { BellwireError } from "../core/errors.js";

/** Refuses a trigger because of one of its fields. @param what said of the field: `is missing` */
export function invalidField(field: string, what: string): BellwireError {
  return new BellwireError({ code: "CONFIG_TRIGGER_INVALID", message: `${field}: ${what}.`, details: { field } });
}
