import { isJsonObject, type JsonValue } from "../core/json.js";

const maxLength = 240;

/** A value as explanations keep it: of long texts, lists and objects the beginning, and how much more there is. */
export function cutValue(value: JsonValue): JsonValue {
  return cut(value, { left: maxLength });
}

function cut(value: JsonValue, budget: { left: number }): JsonValue {
  if (typeof value === "string") return cutText(value, budget);
  if (Array.isArray(value)) return cutList(value, budget);
  if (isJsonObject(value)) return cutObject(value, budget);
  budget.left -= 6;
  return value;
}

function cutText(text: string, budget: { left: number }): string {
  const room = Math.max(0, budget.left);
  budget.left -= text.length + 2;
  return text.length <= room ? text : `${text.slice(0, room)}… (${text.length} characters)`;
}

function cutList(list: readonly JsonValue[], budget: { left: number }): JsonValue {
  const kept: JsonValue[] = [];
  budget.left -= 2;
  for (const [index, element] of list.entries()) {
    if (budget.left <= 0) {
      kept.push(`… (${list.length - index} more)`);
      break;
    }
    kept.push(cut(element, budget));
  }
  return kept;
}

function cutObject(value: { readonly [key: string]: JsonValue }, budget: { left: number }): JsonValue {
  const kept: [string, JsonValue][] = [];
  const entries = Object.entries(value);
  budget.left -= 2;
  for (const [index, [key, member]] of entries.entries()) {
    if (budget.left <= 0) {
      kept.push(["…", `${entries.length - index} more`]);
      break;
    }
    const name = cutText(key, budget);
    kept.push([name, cut(member, budget)]);
  }
  return Object.fromEntries(kept);
}
