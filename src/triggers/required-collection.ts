import { isJsonObject, type JsonObject } from "../core/json.js";
import { invalidField } from "../mapping/invalid-field.js";
import { eventFields } from "../segment/event-fields.js";

const maxNesting = 32;

/**
 * The mapping of recipients or an actor, in which the collection of an object is never left out: without it the object would be
 * a user of that id.
 *
 * @throws `CONFIG_TRIGGER_INVALID` for a name where a path is expected
 */
export function requireCollections(mapping: unknown, field: string, depth = 0): unknown {
  if (Array.isArray(mapping) && depth < maxNesting) {
    return mapping.map((element, index) => requireCollections(element, `${field}.${index}`, depth + 1));
  }
  if (!isJsonObject(mapping)) return mapping;
  const directive = toDirective(mapping["collection"]);
  if (directive === null) return mapping;
  const path = directive["@path"];
  if (typeof path === "string" && !/[.[]/.test(path) && !eventFields.includes(path)) {
    const literal = JSON.stringify({ "@literal": path });
    const what = `is the path ${JSON.stringify(path)}, which leads nowhere in an event; for the collection of that name write ${literal}`;
    throw invalidField(`${field}.collection`, what);
  }
  return { ...mapping, collection: { default: null, ...directive } };
}

function toDirective(collection: unknown): JsonObject | null {
  if (typeof collection === "string") return { "@path": collection };
  return isJsonObject(collection) && "@path" in collection ? collection : null;
}
