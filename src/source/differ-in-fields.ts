import { canonicalJson, isJsonObject, type JsonValue, toPlainJson } from "../core/json.js";
import type { PreviewedRequest } from "./payload-options.js";

/** A field of what is sent that comes out differently. */
export interface FieldDifference {
  /** `workflow`, `actor`, `tenant`, `cancellationKey`, or a member of the data, such as `data.title`. */
  readonly field: string;
  /** Absent where there was none. */
  readonly before?: JsonValue;
  /** Absent where there is none any more. */
  readonly after?: JsonValue;
}

/** What two requests are to do differently, but for whom they notify; nothing where there is only one of them. */
export function differInFields(
  before: PreviewedRequest["request"] | undefined,
  after: PreviewedRequest["request"] | undefined,
): readonly FieldDifference[] {
  if (before === undefined || after === undefined) return [];
  const [was, is] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((field) => {
    const [old, fresh] = [was.get(field), is.get(field)];
    if (old !== undefined && fresh !== undefined && canonicalJson(old) === canonicalJson(fresh)) return [];
    return [{ field, ...(old !== undefined && { before: old }), ...(fresh !== undefined && { after: fresh }) }];
  });
}

/** `null` in place of an actor, a tenant or a key says that there is none, as a missing one does; in data it is a value. */
function fieldsOf({
  action: _,
  recipients: __,
  ...request
}: PreviewedRequest["request"]): ReadonlyMap<string, JsonValue> {
  const fields = new Map<string, JsonValue>();
  for (const [name, given] of Object.entries(request)) {
    const value = toPlainJson(given);
    if (value === undefined || value === null) continue;
    if (name !== "data" || !isJsonObject(value)) fields.set(name, value);
    else for (const [member, content] of Object.entries(value)) fields.set(`data.${member}`, content);
  }
  return fields;
}
