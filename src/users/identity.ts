import { isJsonObject, type JsonObject, withoutUnsafeKeys } from "../core/json.js";
import { type CompiledPath, compilePath } from "../mapping/path.js";
import type { ReceivedEvent } from "../segment/event.js";
import { idOf } from "../segment/id-of.js";
import type { GroupChange } from "./group.js";
import { identifyTraits, traitsToAttributes } from "./traits.js";
import type { UserAttributes, UserChange, VisitorChange } from "./user.js";

/** What an event says about who somebody is. */
export type IdentityAction =
  | { readonly kind: "change"; readonly change: UserChange }
  | { readonly kind: "visitor"; readonly change: VisitorChange }
  | { readonly kind: "group"; readonly change: GroupChange; readonly member: string | null }
  | { readonly kind: "merge"; readonly from: string; readonly into: string; readonly at: Date }
  | { readonly kind: "delete"; readonly userId: string; readonly at: Date };

export type MappedAttribute = "email" | "phoneNumber" | "avatar" | "name" | "locale" | "timezone" | "createdAt";

export interface IdentityOptions {
  /**
   * Updates users from every event and not from identify alone: the path of the traits, such as `"context.traits"`, and of the user's
   * id where it is not `userId`. @default identify events only
   */
  readonly identifyFrom?: string | { readonly userId?: string | undefined; readonly traits: string };
  /** Where attributes are that have no place in Segment's reserved traits: `{ email: "traits.work_email" }`. */
  readonly traits?: Readonly<Partial<Record<MappedAttribute, string>>> | undefined;
}

/** Reads it; `null` for an event that says nothing of the kind. */
export type ReadIdentity = (received: ReceivedEvent) => IdentityAction | null;

/** @throws `CONFIG_PATH_INVALID` */
export function compileIdentity({ identifyFrom, traits = {} }: IdentityOptions): ReadIdentity {
  const from = typeof identifyFrom === "string" ? { traits: identifyFrom } : identifyFrom;
  const idPath = from?.userId === undefined ? null : compilePath(from.userId, "identifyFrom.userId");
  const traitsPath = from === undefined ? null : compilePath(from.traits, "identifyFrom.traits");
  const mapped = Object.entries(traits).map(([name, path]) => [name, compilePath(path, `traits.${name}`)] as const);

  return (received) => {
    const { type, event, userId, occurredAt: at } = received;
    if (type === "alias") return toMerge(event, userId, at);
    if (type === "delete") return userId === null ? null : { kind: "delete", userId, at };
    if (type === "identify") return changeOf(received, userId, identifyTraits(event), mapped);
    // The traits of a group event are the group's.
    if (type === "group") return toGroupChange(event, userId, at);
    if (traitsPath === null) return null;
    const found = traitsPath.read(event);
    if (!isJsonObject(found)) return null;
    return changeOf(received, idPath === null ? userId : idOf(idPath.read(event)), found, mapped);
  };
}

function toGroupChange(event: JsonObject, member: string | null, at: Date): IdentityAction | null {
  const id = idOf(event["groupId"]);
  if (id === null) return null;
  const traits = isJsonObject(event["traits"]) ? withoutUnsafeKeys(event["traits"]) : {};
  return { kind: "group", change: { id, at, traits }, member };
}

/** `previousId` becomes another id of `userId`. */
function toMerge(event: JsonObject, userId: string | null, at: Date): IdentityAction | null {
  const from = idOf(event["previousId"]);
  return from === null || userId === null || from === userId ? null : { kind: "merge", from, into: userId, at };
}

/** Of whoever is signed in, or else of a visitor. */
function changeOf(
  { event, anonymousId, occurredAt: at }: ReceivedEvent,
  id: string | null,
  traits: JsonObject,
  mapped: readonly (readonly [name: string, path: CompiledPath])[],
): IdentityAction | null {
  const attributes = attributesOf(traits, event, mapped);
  if (id === null) return anonymousId === null ? null : { kind: "visitor", change: { anonymousId, at, attributes } };
  const isTied = anonymousId !== null && anonymousId !== id;
  return { kind: "change", change: { id, at, attributes, ...(isTied && { anonymousId }) } };
}

function attributesOf(
  traits: JsonObject,
  event: JsonObject,
  mapped: readonly (readonly [name: string, path: CompiledPath])[],
): UserAttributes {
  const known = traitsToAttributes(traits);
  if (mapped.length === 0) return known;
  const extra: Record<string, JsonObject[string]> = {};
  for (const [name, path] of mapped) {
    const value = path.read(event);
    if (value !== undefined) extra[name] = value;
  }
  // By the rules for traits: a value that does not fit its attribute stays a property.
  const { properties, ...attributes } = traitsToAttributes(extra);
  const all = { ...known.properties, ...properties };
  return { ...known, ...attributes, ...(Object.keys(all).length > 0 && { properties: all }) };
}
