import { invalidField } from "./invalid-field.js";

const maxDepth = 32;

/**
 * What is fixed by a definition is sent, stored and shown as JSON. Where it is none, that would fail with every event, or send something else.
 * @throws `CONFIG_TRIGGER_INVALID`
 */
export function requireJson(value: unknown, field: string): void {
  const problem = findNonJson(value, "");
  if (problem !== null) throw invalidField(field, problem);
}

/** What is no JSON, and where; `null` when all is. Members that are `undefined` are as if left out. */
export function findNonJson(value: unknown, path: string, depth = 0): string | null {
  const at = path === "" ? "" : `${path}: `;
  if (value === null || value === undefined || typeof value === "string" || typeof value === "boolean") return null;
  if (typeof value === "number") return Number.isFinite(value) ? null : `${at}is ${value}, which is no JSON`;
  if (typeof value !== "object") return `${at}is a ${typeof value}, which is no JSON`;
  if (depth > maxDepth) return `${at}is nested more than ${maxDepth} levels`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (value instanceof Date) return `${at}is a Date, which is no JSON; give its toISOString()`;
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    return `${at}is an instance of a class, which is no JSON`;
  }
  for (const [key, member] of Object.entries(value)) {
    const problem = findNonJson(member, path === "" ? key : `${path}.${key}`, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}
