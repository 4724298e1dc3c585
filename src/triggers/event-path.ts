import type { JsonObject, JsonValue } from "../core/json.js";

/** A Segment event whose `properties` were checked by a schema; what trigger functions are given. */
export interface TypedSegmentEvent<Properties = JsonObject> {
  readonly type: string;
  readonly event?: string;
  readonly name?: string;
  readonly messageId?: string;
  readonly userId?: string | number | null;
  readonly anonymousId?: string | number | null;
  readonly groupId?: string | number | null;
  readonly previousId?: string | number | null;
  readonly timestamp?: string;
  readonly traits?: JsonObject | null;
  readonly context?: EventContext | null;
  readonly properties: Properties;
}

export interface EventContext {
  readonly groupId?: string;
  readonly traits?: JsonObject;
  readonly [key: string]: JsonValue | undefined;
}

type CommonPath =
  | "type"
  | "event"
  | "name"
  | "messageId"
  | "userId"
  | "anonymousId"
  | "groupId"
  | "previousId"
  | "timestamp"
  | "context"
  | "traits"
  | "properties"
  | `context.${string}`
  | `traits.${string}`
  | `integrations.${string}`
  | `$.${string}`
  | `$[${string}`;

/** How deep paths are checked; below it any text goes. */
type Depth = [never, 0, 1, 2, 3, 4, 5];

/** Values whose shape the compiler does not know. */
export type IsOpen<Type> = unknown extends Type ? true : false;

/** Behind values whose shape is not known. */
type AnyTail = `.${string}` | `[${string}`;

type Tail<Type, Level extends number> = [Level] extends [never]
  ? AnyTail
  : IsOpen<Type> extends true
    ? AnyTail
    : Type extends readonly (infer Element)[]
      ?
          | `.${number}`
          | `.${number}${Tail<Element, Depth[Level]>}`
          | Brackets
          | `${Brackets}${Tail<Element, Level>}`
          | Tail<Element, Level>
      : Type extends object
        ? string extends keyof Type
          ? AnyTail
          : {
              [Key in keyof Type & string]: Step<Key> | `${Step<Key>}${MemberTail<Type[Key], Depth[Level]>}`;
            }[keyof Type & string]
        : never;

/** `NonNullable` would turn `unknown` into an object without members. */
type MemberTail<Type, Level extends number> = IsOpen<Type> extends true ? AnyTail : Tail<NonNullable<Type>, Level>;

/** As the grammar of paths has it: a bare name with a dot in it would be two steps. */
type Step<Key extends string> = Key extends Odd
  ? Key extends `${string}'${string}`
    ? `["${Key}"]`
    : `['${Key}']`
  : `.${Key}`;

type Odd = "" | ` ${string}` | `${string} ` | `${string}${Mark}${string}`;
type Mark =
  | "."
  | "["
  | "]"
  | "'"
  | '"'
  | "*"
  | "/"
  | ":"
  | "@"
  | "#"
  | "("
  | ")"
  | ","
  | "?"
  | "!"
  | "&"
  | "+"
  | "="
  | "%";

type Brackets = `[${number}]` | "[*]";

/** The paths into an event with these `properties`: for an editor to complete and for the compiler to refuse. */
export type EventPath<Properties> = CommonPath | `properties${Tail<Properties, 5>}`;
