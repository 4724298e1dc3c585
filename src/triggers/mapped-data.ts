import type { EventDefinition } from "./define-event.js";
import type { WorkflowDefinition } from "./define-workflow.js";
import type { IsOpen } from "./event-path.js";

/** What the compiler can not know; it fits everywhere, and is checked when the event comes. */
type Dynamic = never;

/** Stands for a `data` that is left out: then it is all of `properties`. */
export interface NotMapped {
  readonly "not mapped": never;
}

/** The data that a run is started with, as far as the compiler can tell from the mapping. */
export type MappedData<Event, Mapping> =
  Event extends EventDefinition<string, infer Properties> ? Mapped<Properties, Mapping> : Mapped<Dynamic, Mapping>;

type Mapped<Properties, Mapping> = Mapping extends NotMapped
  ? ValueOf<Properties, "properties">
  : Mapping extends string
    ? ValueOf<Properties, Mapping>
    : Mapping extends number | boolean | null
      ? Mapping
      : Mapping extends (...parameters: never[]) => infer Returned
        ? AsJson<Returned>
        : Mapping extends { readonly "@literal": infer Literal }
          ? AsJson<Literal>
          : Mapping extends { readonly "@template": string }
            ? string
            : Mapping extends { readonly "@path": infer Path; readonly default: infer Default }
              ? Exclude<ValueOf<Properties, Path>, undefined> | AsJson<Default>
              : Mapping extends { readonly "@path": infer Path }
                ? ValueOf<Properties, Path>
                : Mapping extends readonly (infer Element)[]
                  ? Exclude<Mapped<Properties, Element>, undefined>[]
                  : MaybeLeftOut<{ -readonly [Key in keyof Mapping]: Mapped<Properties, Mapping[Key]> }>;

/** Members whose path leads nowhere are left out. */
type MaybeLeftOut<Type> = Flat<
  { [Key in keyof Type as undefined extends Type[Key] ? never : Key]: Type[Key] } & {
    [Key in keyof Type as undefined extends Type[Key] ? Key : never]?: Exclude<Type[Key], undefined>;
  }
>;

type Flat<Type> = { [Key in keyof Type]: Type[Key] };

/** Members beside `properties` come as the sender pleases. */
type ValueOf<Properties, Path> = [Properties] extends [never]
  ? Dynamic
  : Path extends "properties"
    ? AsJson<Properties>
    : Path extends `properties.${infer Rest}`
      ? At<Properties, Rest>
      : Dynamic;

type At<Type, Path extends string> = Path extends `${string}[${string}`
  ? Dynamic
  : IsOpen<Type> extends true
    ? Dynamic
    : Type extends null | undefined
      ? undefined
      : Path extends `${infer Step}.${infer Rest}`
        ? Type extends readonly (infer Element)[]
          ? Step extends `${number}`
            ? At<Element, Rest> | undefined
            : Elements<At<Element, Step extends "*" ? Rest : Path>>
          : At<Member<Type, Step>, Rest>
        : Type extends readonly (infer Element)[]
          ? Path extends `${number}`
            ? AsJson<Element> | undefined
            : Path extends "*"
              ? AsJson<Element>[]
              : Elements<At<Element, Path>>
          : AsJson<Member<Type, Path>>;

/** A path through a list reads every element, and joins what are lists themselves. */
type Elements<Type> = (Type extends undefined ? never : Type extends readonly (infer Inner)[] ? Inner : Type)[];

type Member<Type, Key extends string> = Key extends keyof Type
  ? Type[Key]
  : string extends keyof Type
    ? Type[string & keyof Type] | undefined
    : undefined;

/** What comes of it in JSON: dates are texts, and readonly makes no difference. */
type AsJson<Type> =
  IsOpen<Type> extends true
    ? Dynamic
    : Type extends { toJSON(): infer Text }
      ? Text
      : Type extends readonly (infer Element)[]
        ? AsJson<Element>[]
        : Type extends object
          ? { -readonly [Key in keyof Type]: AsJson<Type[Key]> }
          : Type;

/** What is missing when the data does not fit: for the compiler's message. */
export interface DataDoesNotFit<Workflow, Expected, Mapped> {
  readonly workflow: Workflow;
  readonly expected: Expected;
  readonly mapped: Mapped;
}

/** `Then` where the data fits its workflow, and otherwise something that nothing takes. */
export type Fitting<Workflow, Action, Mapped, Then> = [MisfitKey<Workflow, Action, Mapped>] extends [never]
  ? Then
  : Workflow extends WorkflowDefinition<infer Name, infer Expected>
    ? DataDoesNotFit<Name, Expected, Mapped>
    : never;

/**
 * Asks nothing more of a trigger whose data fits its workflow, and of another a member that nobody can give. Its key, and not the
 * whole, depends on the data: the compiler would otherwise not type the event of a function that makes the data.
 */
export type Misfit<Workflow, Action, Mapped> = {
  readonly [Key in MisfitKey<Workflow, Action, Mapped>]: Workflow extends WorkflowDefinition<infer Name, infer Expected>
    ? DataDoesNotFit<Name, Expected, Mapped>
    : never;
};

type MisfitKey<Workflow, Action, Mapped> = [Workflow] extends [WorkflowDefinition<string, infer Expected>]
  ? [Action] extends ["cancel"]
    ? never
    : [Mapped] extends [Expected]
      ? never
      : "the data does not fit the workflow"
  : never;
