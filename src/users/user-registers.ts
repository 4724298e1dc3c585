import { canonicalJson, isJsonObject, isUnsafeKey, type JsonObject, type JsonValue } from "../core/json.js";
import type { User, UserAttributes, UserChange, UserHistoryEntry } from "./user.js";

/**
 * Everything that is known of a user, as storage keeps it: for each leaf of the attributes its value and the time (milliseconds)
 * of the event that said so. Plain JSON.
 *
 * The merge rule: per leaf the latest change wins, and of two at the same time the one whose JSON text is greater. Objects merge leaf
 * by leaf; lists and empty objects are leaves. Where one word says a value and another an object in the same place, the value hides
 * what is older below it. All of this depends only on the set of changes, so their order, repetition and grouping do not matter.
 */
export type UserRegisters = Readonly<Record<string, Register>>;

export type Register = readonly [value: JsonValue, at: number];

export const emptyRegisters: UserRegisters = {};

const toleratedFutureMs = 5 * 60_000;

/** The event time that counts: a sender whose clock is more than five minutes ahead must not win for years. */
export function clampEventTime(at: Date, receivedAt: Date): Date {
  return at.getTime() > receivedAt.getTime() + toleratedFutureMs ? receivedAt : at;
}

/** Of no attribute, and so of none that is seen: when somebody who was deleted came back, who may have said nothing of themselves. */
const cameBack = "";

/** What is known of a user who is created at this time. */
export function firstRegisters(at: number, deletedAt: number | null): UserRegisters {
  return deletedAt === null ? emptyRegisters : { [cameBack]: [null, at] };
}

/**
 * What was said after a time.
 * @returns `null` when there is nothing, and the user is not known to have been there since for another reason
 */
export function registersAfter(registers: UserRegisters, until: number, isThere = false): UserRegisters | null {
  const later = Object.entries(registers).filter(([, [, at]]) => at > until);
  return later.length === 0 && !isThere ? null : Object.fromEntries(later);
}

/** @returns the same object when the change says nothing new */
export function applyUserChange(registers: UserRegisters, change: UserChange): UserRegisters {
  const said: Record<string, Register> = {};
  collectLeaves(attributesToJson(change.attributes), "", change.at.getTime(), said);
  return mergeRegisters(registers, said);
}

/** @returns `registers` itself when `other` adds nothing */
export function mergeRegisters(registers: UserRegisters, other: UserRegisters): UserRegisters {
  let merged: Record<string, Register> | null = null;
  for (const [path, register] of Object.entries(other)) {
    const known = registers[path];
    if (known !== undefined && !isLater(register, known)) continue;
    merged ??= { ...registers };
    merged[path] = register;
  }
  return merged === null ? registers : merged;
}

function isLater([value, at]: Register, [knownValue, knownAt]: Register): boolean {
  if (at !== knownAt) return at > knownAt;
  return canonicalJson(value) > canonicalJson(knownValue);
}

function attributesToJson(attributes: UserAttributes): JsonObject {
  const { properties, ...rest } = attributes;
  const known: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined) known[key] = value;
  }
  // An empty object is a leaf and would hide older properties; an event without properties says nothing about them.
  return properties !== undefined && Object.keys(properties).length > 0 ? { ...known, properties } : known;
}

function collectLeaves(value: JsonObject, prefix: string, at: number, into: Record<string, Register>): void {
  for (const [key, member] of Object.entries(value)) {
    if (isUnsafeKey(key)) continue;
    const path = `${prefix}/${escapeKey(key)}`;
    if (isJsonObject(member) && Object.keys(member).length > 0) collectLeaves(member, path, at, into);
    else into[path] = [member, at];
  }
}

/** As in a JSON pointer, so that no two paths share a text. */
function escapeKey(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function unescapeKey(key: string): string {
  return key.replaceAll("~1", "/").replaceAll("~0", "~");
}

export function toUser(id: string, registers: UserRegisters): User {
  const known = toJson(registers);
  const text = (key: string) => {
    const value = known[key];
    return typeof value === "string" ? value : null;
  };
  const properties = isJsonObject(known["properties"]) ? known["properties"] : {};
  const createdAt = text("createdAt");
  return {
    id,
    email: text("email"),
    phoneNumber: text("phoneNumber"),
    avatar: text("avatar"),
    name: text("name") ?? fullName(properties),
    locale: text("locale"),
    timezone: text("timezone"),
    createdAt: createdAt === null ? null : new Date(createdAt),
    properties,
  };
}

/** What is known of a user piece by piece, in the order of the paths; what a later word hides or replaces is left out. */
export function toUserHistory(registers: UserRegisters): readonly UserHistoryEntry[] {
  const below = latestBelow(registers);
  const entries = Object.entries(registers).filter(([path, register]) => {
    if (path === cameBack) return false;
    const isReplaced = (below.get(path) ?? Number.NEGATIVE_INFINITY) >= register[1];
    return !isReplaced && !isHidden(registers, path, register);
  });
  return entries
    .map(([path, [value, at]]) => ({ path: toPath(keysOf(path)), value, at: new Date(at) }))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

function toPath(keys: readonly string[]): string {
  return keys
    .map((key) => (/^[\p{L}\p{N}_$-]+$/u.test(key) ? `.${key}` : `['${key.replace(/[\\']/g, "\\$&")}']`))
    .join("")
    .replace(/^\./, "");
}

function keysOf(path: string): readonly string[] {
  return path.slice(1).split("/").map(unescapeKey);
}

function fullName({ firstName, lastName }: JsonObject): string | null {
  const parts = [firstName, lastName].filter((part) => typeof part === "string" && part !== "");
  return parts.length === 0 ? null : parts.join(" ");
}

interface Tree {
  [key: string]: JsonValue | Tree;
}

/** Shallow paths first, so that a value is in its place before what is below it asks whether it is hidden. */
function toJson(registers: UserRegisters): JsonObject {
  const root: Tree = {};
  const attributes = Object.entries(registers).filter(([path]) => path !== cameBack);
  const entries = attributes.map(([path, register]) => ({
    keys: keysOf(path),
    path,
    register,
  }));
  entries.sort((left, right) => left.keys.length - right.keys.length || (left.path < right.path ? -1 : 1));
  for (const { keys, path, register } of entries) {
    const [value] = register;
    // An object that is a leaf is empty; a fresh one, because what is below it may be placed into it.
    if (!keys.some(isUnsafeKey) && !isHidden(registers, path, register))
      place(root, keys, isJsonObject(value) ? {} : value);
  }
  return root;
}

function isHidden(registers: UserRegisters, path: string, [, at]: Register): boolean {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const above = registers[path.slice(0, end)];
    if (above !== undefined && above[1] > at) return true;
  }
  return false;
}

/** Of each path that something stands below, when the latest of that was said. */
function latestBelow(registers: UserRegisters): ReadonlyMap<string, number> {
  const latest = new Map<string, number>();
  for (const [path, [, at]] of Object.entries(registers)) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const above = path.slice(0, end);
      latest.set(above, Math.max(at, latest.get(above) ?? at));
    }
  }
  return latest;
}

function place(root: Tree, keys: readonly string[], value: JsonValue): void {
  let holder = root;
  for (const [index, key] of keys.entries()) {
    if (index === keys.length - 1) {
      holder[key] = value;
      return;
    }
    const next = holder[key];
    const inner: Tree = isTree(next) ? next : {};
    holder[key] = inner;
    holder = inner;
  }
}

function isTree(value: JsonValue | Tree | undefined): value is Tree {
  return isJsonObject(value);
}
