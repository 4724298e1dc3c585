import type { Duration } from "../core/duration.js";
import type { JsonObject } from "../core/json.js";
import type { LiteralDirective, PathDirective, TemplateDirective } from "../mapping/mapping-value.js";
import type { SegmentEventType } from "../segment/event.js";
import type { EventDefinition } from "./define-event.js";
import type { WorkflowDefinition } from "./define-workflow.js";
import type { TypedSegmentEvent } from "./event-path.js";
import type { ReturnedByField, Synchronous } from "./synchronous.js";
import type { Unidentified } from "./unidentified.js";

/** Events other than track, or a track event by name: `{ type: "page", name: "Pricing" }`. Without `name`: all of the type. */
export interface EventSelector {
  readonly type: SegmentEventType;
  readonly name?: string;
}

/** What a trigger listens to; a string is the name of a track event. */
export type TriggerEvent = string | EventDefinition | EventSelector;

/** How a field is made from the event: a path, a literal number, boolean or null, a directive, or a list or object of these. */
export type FieldMapping<Path extends string> =
  | Path
  | number
  | boolean
  | null
  | (PathDirective & { readonly "@path": Path })
  | LiteralDirective
  | TemplateDirective
  | readonly FieldMapping<Path>[]
  | { readonly [key: string]: FieldMapping<Path> };

/** Synchronous (one that is `async` does not compile) and without side effects: it also runs for previews and repeated deliveries. Returns JSON. */
export type EventFunction<Event, Returned = unknown> = { call(event: Event): Synchronous<Returned> }["call"];

/** The comparisons of Knock's conditions. */
export const operators = [
  "equal_to",
  "not_equal_to",
  "greater_than",
  "greater_than_or_equal_to",
  "less_than",
  "less_than_or_equal_to",
  "contains",
  "not_contains",
  "contains_all",
  "is_one_of",
  "empty",
  "not_empty",
  "exists",
  "not_exists",
  "is_timestamp_before",
  "is_timestamp_after",
] as const;
export type Operator = (typeof operators)[number];

/** `value` is compared with what the path leads to; `empty`, `not_empty`, `exists` and `not_exists` take none. */
export interface Comparison<Path extends string = string> {
  readonly path: Path;
  readonly operator: Operator;
  readonly value?: unknown;
}

export type Condition<Path extends string = string> =
  | Comparison<Path>
  | { readonly all: readonly Condition<Path>[] }
  | { readonly any: readonly Condition<Path>[] }
  | { readonly not: Condition<Path> };

interface TriggerBase<Path extends string, Event, Workflow, Data, Returned extends ReturnedByField> {
  /** Unique in the source; part of idempotency keys, so renaming a trigger makes it another one. */
  readonly key: string;
  /** The workflow that the runner starts or cancels. */
  readonly workflow: Workflow;
  /** Set by `defineTrigger` from a workflow of `defineWorkflow`: the data is checked against it where the names are equal. */
  readonly typedWorkflow?: WorkflowDefinition;
  /** Who did it: an id, or an inline user. @default nobody */
  readonly actor?: FieldMapping<Path> | EventFunction<Event, Returned["actor"]>;
  /** Which of your customers (company, workspace) the run belongs to: an id, or an object with an `id`. @default none */
  readonly tenant?: FieldMapping<Path> | EventFunction<Event, Returned["tenant"]>;
  /** What the workflow gets: an object. @default all of `properties`; of `traits`, for identify and group */
  readonly data?: Data;
  /** The trigger runs only when it holds: `{ path, operator, value }` within `all`, `any` and `not`, or a synchronous function. */
  readonly when?: Condition<Path> | EventFunction<Event, Returned["when"]>;
  /** Events that happened longer ago are skipped, such as those of a Segment replay. @default no limit */
  readonly maxEventAge?: Duration;
  /** Takes the actor out of the recipients. @default false */
  readonly excludeActor?: boolean;
  /**
   * Notifies the members of a recipient `{ collection: "groups", id }` instead of the group, each once, however many they are. Said
   * here and not in the event, so that nobody who sends events can reach a whole group by the way an id is written.
   * @default false
   */
  readonly expand?: boolean;
  /** What becomes of a recipient id that storage does not know. @default the source's `unidentified` */
  readonly unidentified?: Unidentified;
  /** By environment, or everywhere. @default true */
  readonly active?: boolean | Readonly<Record<string, boolean>>;
}

/** Starts a workflow run. */
export interface TriggerRun<
  Path extends string,
  Event,
  Workflow,
  Data,
  Returned extends ReturnedByField = ReturnedByField,
> extends TriggerBase<Path, Event, Workflow, Data, Returned> {
  /** Starts a run; `"cancel"` cancels those of a cancellation key. @default "trigger" */
  readonly action?: "trigger";
  /**
   * Whom the workflow notifies: an id, an inline user `{ id, email, … }`, an object `{ collection, id }`, or a list of these, nested or not. A text is a path into the
   * event, such as `"properties.mentioned"`; a fixed id is `{ "@literal": "ada" }`.
   */
  readonly recipients: FieldMapping<Path> | EventFunction<Event, Returned["recipients"]>;
  /** With it the run can be canceled later. */
  readonly cancellationKey?: FieldMapping<Path> | EventFunction<Event, Returned["cancellationKey"]>;
}

/** Cancels the runs that were started with the same cancellation key. */
export interface TriggerCancel<
  Path extends string,
  Event,
  Workflow,
  Data,
  Returned extends ReturnedByField = ReturnedByField,
> extends TriggerBase<Path, Event, Workflow, Data, Returned> {
  readonly action: "cancel";
  /** That of the runs to cancel. */
  readonly cancellationKey: FieldMapping<Path> | EventFunction<Event, Returned["cancellationKey"]>;
  /** For whom the runs are canceled: mapped as those of a run are. @default everyone the run was started for */
  readonly recipients?: FieldMapping<Path> | EventFunction<Event, Returned["recipients"]>;
}

/** What `defineTrigger` takes: fields checked against the event's type. */
export type TriggerOptions<
  Event extends TriggerEvent,
  Path extends string,
  Typed,
  Workflow = string,
  Data = FieldMapping<Path> | EventFunction<Typed>,
  Returned extends ReturnedByField = ReturnedByField,
> = (TriggerRun<Path, Typed, Workflow, Data, Returned> | TriggerCancel<Path, Typed, Workflow, Data, Returned>) & {
  /** A track event by its name, `{ type, name }` for any other one, or what `defineEvent` made. */
  readonly event: Event;
};

/** A trigger as the registry takes it. Without functions it is plain JSON. */
export type TriggerDefinition = TriggerOptions<TriggerEvent, string, TypedSegmentEvent<JsonObject>>;
