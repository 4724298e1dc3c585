/** Any value that `JSON.parse` can return. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** An object as `JSON.parse` returns it. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** True for a non-null object that is not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const unsafeKeys = new Set(["__proto__", "prototype", "constructor"]);

/** True for a key that could reach a prototype when assigned; such keys are never copied, stored or followed. */
export function isUnsafeKey(key: string): boolean {
  return unsafeKeys.has(key);
}

/** The value without such keys at any depth; the same one where it has none, which nearly always it has not. */
export function withoutUnsafeKeys(value: JsonObject): JsonObject;
export function withoutUnsafeKeys(value: JsonValue): JsonValue;
export function withoutUnsafeKeys(value: JsonValue): JsonValue {
  return hasUnsafeKey(value) ? toSafe(value) : value;
}

/** Allocates nothing: it is asked of every run's data. */
function hasUnsafeKey(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.some(hasUnsafeKey);
  if (!isJsonObject(value)) return false;
  for (const key in value) if (unsafeKeys.has(key) || hasUnsafeKey(value[key] ?? null)) return true;
  return false;
}

function toSafe(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(toSafe);
  if (!isJsonObject(value)) return value;
  const safe = Object.entries(value).filter(([key]) => !isUnsafeKey(key));
  return Object.fromEntries(safe.map(([key, member]) => [key, toSafe(member)]));
}

/** JSON text with object keys sorted, so that equal values have equal texts. */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) {
    return `[${value.map((item: JsonValue) => canonicalJson(item)).join(",")}]`;
  }
  if (isJsonObject(value)) {
    const members = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** A copy as plain JSON: dates become text, functions go. `undefined` when JSON has no text for it (cycles, `bigint`). */
export function toPlainJson(value: unknown): JsonValue | undefined {
  try {
    const text: string | undefined = JSON.stringify(value);
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
