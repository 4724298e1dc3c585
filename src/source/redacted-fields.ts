import { configInvalid } from "../core/errors.js";
import { type OptionCheck, texts } from "../mapping/option-checks.js";
import { parsePath } from "../mapping/path-grammar.js";
import { nearestOf } from "../mapping/similarity.js";
import { eventFields } from "../segment/event-fields.js";

export interface RedactedField {
  readonly path: string;
  readonly field: string;
}

/**
 * A path that leads nowhere takes nothing out, and says nothing. Events may have fields of their own, so only what is nearly one of
 * Segment's is refused.
 */
export const redact: OptionCheck = (value, name) => {
  texts(value, name);
  for (const { path, field } of unknownFields(Array.isArray(value) ? value.map(String) : [])) {
    const nearest = nearestOf(field, eventFields);
    if (nearest === null) continue;
    throw configInvalid(`${name}: ${JSON.stringify(path)} starts at no field of an event. Did you mean ${nearest}?`);
  }
};

/** Where paths start that do not start at a field that Segment's events have. @throws `CONFIG_PATH_INVALID` */
export function unknownFields(paths: readonly string[]): readonly RedactedField[] {
  return paths.flatMap((path) => {
    const [first] = parsePath(path, "redact").steps;
    return first?.kind === "name" && !eventFields.includes(first.name) ? [{ path, field: first.name }] : [];
  });
}
