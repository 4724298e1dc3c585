import { isJsonObject, type JsonObject } from "../core/json.js";
import { type CompiledPath, compilePath } from "../mapping/path.js";
import type { ReceivedEvent } from "../segment/event.js";
import { identifyToChange, traitsToAttributes } from "./traits.js";
import type { UserChange } from "./user.js";

/** What an event says about who somebody is. */
export type IdentityAction =
  | { readonly kind: "change"; readonly change: UserChange }
  | { readonly kind: "merge"; readonly from: string; readonly into: string }
  | { readonly kind: "delete"; readonly userId: string; readonly at: Date };

export type MappedAttribute = "email" | "phoneNumber" | "avatar" | "name" | "locale" | "timezone" | "createdAt";

export interface IdentityOptions {
  /**
   * Makes every event tell of the user it belongs to, without a change to what sends it: where its traits are, such as
   * `"context.traits"`, and where the id is, if not in `userId`.
   */
  readonly identifyFrom?: string | { readonly userId?: string; readonly traits: string };
  /** Where attributes are that have no place in Segment's reserved traits: `{ email: "traits.work_email" }`. */
  readonly traits?: Readonly<Partial<Record<MappedAttribute, string>>>;
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
    const { type, event, userId } = received;
    if (type === "alias") return toMerge(event, userId);
    if (type === "delete") return userId === null ? null : { kind: "delete", userId, at: received.occurredAt };
    if (type === "identify") return changeOf(identifyToChange(received), event, mapped);
    // The traits of a group event are the group's.
    if (traitsPath === null || type === "group") return null;
    const id = idPath === null ? userId : idOf(idPath.read(event));
    const found = traitsPath.read(event);
    if (id === null || !isJsonObject(found)) return null;
    return changeOf({ id, at: received.occurredAt, attributes: traitsToAttributes(found) }, event, mapped);
  };
}

/** `previousId` becomes another id of `userId`. */
function toMerge(event: JsonObject, userId: string | null): IdentityAction | null {
  const from = idOf(event["previousId"]);
  return from === null || userId === null || from === userId ? null : { kind: "merge", from, into: userId };
}

function changeOf(
  change: UserChange | null,
  event: JsonObject,
  mapped: readonly (readonly [name: string, path: CompiledPath])[],
): IdentityAction | null {
  if (change === null) return null;
  if (mapped.length === 0) return { kind: "change", change };
  const extra: Record<string, JsonObject[string]> = {};
  for (const [name, path] of mapped) {
    const value = path.read(event);
    if (value !== undefined) extra[name] = value;
  }
  // By the rules for traits: a value that does not fit its attribute stays a property.
  const { properties, ...attributes } = traitsToAttributes(extra);
  const all = { ...change.attributes.properties, ...properties };
  const given = { ...change.attributes, ...attributes, ...(Object.keys(all).length > 0 && { properties: all }) };
  return { kind: "change", change: { ...change, attributes: given } };
}

function idOf(value: unknown): string | null {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : null;
}
