import type { JsonValue } from "../protocol.js";

const plain = /^[\p{L}\p{N}_$-](?:[\p{L}\p{N}_$ -]*[\p{L}\p{N}_$-])?$/u;

/** The path of a member, as mappings and conditions write it. */
export function memberPath(parent: string, key: string): string {
  if (parent === "") return key;
  return plain.test(key) ? `${parent}.${key}` : `${parent}['${key.replace(/['\\]/g, "\\$&")}']`;
}

/** Every path in a payload with the value it leads to, nearest to the root first. */
export function pathsOf(payload: JsonValue, most = 200): readonly (readonly [path: string, value: JsonValue])[] {
  const found: (readonly [string, JsonValue])[] = [];
  const queue: (readonly [string, JsonValue])[] = [["", payload]];
  for (const [path, value] of queue) {
    if (found.length >= most) break;
    if (path !== "") found.push([path, value]);
    if (typeof value !== "object" || value === null) continue;
    const members = Array.isArray(value)
      ? value.slice(0, 1).map((one, index) => [String(index), one] as const)
      : Object.entries(value);
    for (const [key, member] of members) queue.push([memberPath(path, key), member]);
  }
  return found;
}
