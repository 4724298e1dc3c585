import { isJsonObject, isUnsafeKey, type JsonValue } from "../core/json.js";

/** What was seen in one place of many events; grows with every value that is observed. */
export interface ObservedShape {
  texts: number;
  numbers: number;
  booleans: number;
  nulls: number;
  objects: number;
  lists: number;
  /** Of all lists together; `null` while every list was empty. */
  element: ObservedShape | null;
  readonly members: Map<string, ObservedShape>;
  /** Something below was not looked at, because it is too deep or there are too many members. */
  isOpen: boolean;
}

const maxDepth = 8;
const maxMembers = 300;
const maxElements = 100;

export function createShape(): ObservedShape {
  return {
    texts: 0,
    numbers: 0,
    booleans: 0,
    nulls: 0,
    objects: 0,
    lists: 0,
    element: null,
    members: new Map(),
    isOpen: false,
  };
}

/** How many values were seen. */
export function countOf({ texts, numbers, booleans, nulls, objects, lists }: ObservedShape): number {
  return texts + numbers + booleans + nulls + objects + lists;
}

export function observe(shape: ObservedShape, value: JsonValue, depth = 0): void {
  if (typeof value === "string") shape.texts += 1;
  else if (typeof value === "number") shape.numbers += 1;
  else if (typeof value === "boolean") shape.booleans += 1;
  else if (value === null) shape.nulls += 1;
  else if (depth >= maxDepth) observeDeep(shape, value);
  else if (Array.isArray(value)) observeList(shape, value, depth);
  else if (isJsonObject(value)) observeObject(shape, value, depth);
}

function observeDeep(shape: ObservedShape, value: JsonValue): void {
  if (Array.isArray(value)) shape.lists += 1;
  else shape.objects += 1;
  shape.isOpen = true;
}

function observeList(shape: ObservedShape, list: readonly JsonValue[], depth: number): void {
  shape.lists += 1;
  for (const element of list.slice(0, maxElements)) {
    shape.element ??= createShape();
    observe(shape.element, element, depth + 1);
  }
}

function observeObject(shape: ObservedShape, value: { readonly [key: string]: JsonValue }, depth: number): void {
  shape.objects += 1;
  for (const [key, member] of Object.entries(value)) {
    // A schema library may take the inherited member for one of the event's.
    if (isUnsafeKey(key) || key in Object.prototype) {
      shape.isOpen = true;
      continue;
    }
    let known = shape.members.get(key);
    if (known === undefined && shape.members.size < maxMembers) {
      known = createShape();
      shape.members.set(key, known);
    }
    if (known === undefined) shape.isOpen = true;
    else observe(known, member, depth + 1);
  }
}
