import { areDistinct } from "../core/distinct-texts.js";
import { isJsonObject, type JsonObject, type JsonValue, withoutUnsafeKeys } from "../core/json.js";
import { isActorMessage, type Recipient, type RecipientKey, type RejectedRecipient } from "./recipient.js";
import { recipientKey, recipientKeyText } from "./recipient-key.js";

export interface ResolvedRecipients {
  /** Without duplicates, in the order they came. */
  readonly recipients: readonly Recipient[];
  readonly rejected: readonly RejectedRecipient[];
}

const maxIdLength = 256;
const maxNesting = 32;
/** What nearly every id is made of. */
const plainId = /^[\w.:@+-]+$/;
const controlCharacter = /\p{Cc}/u;

/**
 * Makes recipients of whatever a mapping resolved to: ids (numbers are coerced), inline users, object references, and lists of
 * these, nested or not. Of one user named twice the description stays, so that no attributes are lost. Never throws.
 *
 * @param exclude left out with the reason `is_actor`
 */
export function resolveRecipients(
  value: JsonValue | undefined,
  { exclude = null }: { readonly exclude?: RecipientKey | null } = {},
): ResolvedRecipients {
  if (isListOfIds(value, exclude)) return { recipients: value, rejected: none };
  const recipients: Recipient[] = [];
  const rejected: RejectedRecipient[] = [];
  const places = new Map<string, number>();
  const excluded = exclude === null ? null : recipientKeyText(exclude);

  const add = (element: JsonValue, position: number) => {
    const recipient = toRecipient(element);
    if (recipient === null) {
      const message = `Element ${position} of the recipients ${describe(element)}; expected an id, an inline user { id } or an object { collection, id }.`;
      rejected.push({ recipient: `#${position}`, reason: "recipient_invalid", message });
      return;
    }
    const text = typeof recipient === "string" ? recipient : recipientKeyText(recipientKey(recipient));
    if (text === excluded) {
      if (places.has(text)) return;
      places.set(text, -1);
      rejected.push({
        recipient: recipientKey(recipient),
        reason: "is_actor",
        message: isActorMessage,
      });
      return;
    }
    const place = places.get(text);
    if (place === undefined) {
      places.set(text, recipients.length);
      recipients.push(recipient);
    } else if (typeof recipients[place] === "string" && typeof recipient !== "string") {
      recipients[place] = recipient;
    }
  };

  let position = 0;
  const walk = (element: JsonValue, depth: number) => {
    if (Array.isArray(element) && depth < maxNesting) {
      for (const inner of element) walk(inner, depth + 1);
      return;
    }
    add(element, position);
    position += 1;
  };
  if (value !== undefined) walk(value, 0);
  return { recipients, rejected };
}

const none: readonly RejectedRecipient[] = [];

/** What nearly every mapping resolves to: ids, each once, which are recipients as they stand. */
function isListOfIds(value: JsonValue | undefined, exclude: RecipientKey | null): value is readonly string[] {
  return Array.isArray(value) && value.every((id: JsonValue) => isUsableId(id, exclude)) && areDistinct(value);
}

function isUsableId(id: JsonValue, exclude: RecipientKey | null): id is string {
  return typeof id === "string" && id !== exclude && toId(id) !== null;
}

/** `null` for what names nobody. */
function toRecipient(value: JsonValue): Recipient | null {
  if (!isJsonObject(value)) return toId(value);
  const id = toId(value["id"]);
  if (id === null) return null;
  const collection = value["collection"];
  if (collection === undefined) return { ...withoutUnsafeKeys(value), id };
  const name = toId(collection);
  return name === null ? null : { ...withoutUnsafeKeys(value), collection: name, id };
}

function toId(value: JsonValue | undefined): string | null {
  if (typeof value === "number") return isExact(value) ? String(value) : null;
  if (typeof value !== "string" || value.length > maxIdLength) return null;
  if (plainId.test(value)) return value;
  return value.trim() === "" || controlCharacter.test(value) ? null : value;
}

/** Beyond it several ids that were sent have been read as one number, and so would be one user. */
function isExact(id: number): boolean {
  return Math.abs(id) <= Number.MAX_SAFE_INTEGER;
}

function describe(element: JsonValue): string {
  if (element === null) return "is null";
  if (typeof element === "string") {
    if (element.trim() === "") return "is an empty text";
    return element.length > maxIdLength
      ? `has ${element.length} characters, more than ${maxIdLength}`
      : "has control characters";
  }
  if (Array.isArray(element)) return `is nested more than ${maxNesting} levels deep`;
  if (isJsonObject(element)) {
    const id = element["id"];
    if (typeof id === "number" && !isExact(id)) return `is an object whose id ${describe(id)}`;
    return `is an object without a usable ${toId(id) === null ? "id" : "collection"}`;
  }
  return typeof element === "number" ? "is a number too large to be exact; send it as text" : "is a boolean";
}

/** The actor a mapping resolved to; `message` says why it is none. */
export function resolveActor(value: JsonValue): { readonly actor: Recipient | null; readonly message: string | null } {
  if (value === null) return { actor: null, message: null };
  const actor = Array.isArray(value) ? null : toRecipient(value);
  if (actor !== null) return { actor, message: null };
  const what = Array.isArray(value) ? "is a list" : describe(value);
  return { actor, message: `The actor ${what}; expected one id, inline user or object.` };
}

/** The tenant a mapping resolved to: an id, or an object with one; `message` says why it is none. */
export function resolveTenant(value: JsonValue): {
  readonly tenant: string | JsonObject | null;
  readonly message: string | null;
} {
  if (value === null) return { tenant: null, message: null };
  const tenant = Array.isArray(value) ? null : toRecipient(value);
  if (tenant !== null) return { tenant, message: null };
  const what = Array.isArray(value) ? "is a list" : describe(value);
  return { tenant, message: `The tenant ${what}; expected an id, or an object with one.` };
}
