import { isJsonObject, type JsonObject } from "../core/json.js";
import type { EventDefinition } from "./define-event.js";
import type { WorkflowDefinition } from "./define-workflow.js";
import type { EventPath, TypedSegmentEvent } from "./event-path.js";
import type { Fitting, MappedData, Misfit, NotMapped } from "./mapped-data.js";
import { isStandardSchema } from "./standard-schema.js";
import type { Synchronous } from "./synchronous.js";
import type { FieldMapping, TriggerDefinition, TriggerEvent, TriggerOptions } from "./trigger-definition.js";

type PathOf<Event> = Event extends EventDefinition<string, infer Properties> ? EventPath<Properties> : string;
/** Of a definition that is taken apart and put together anew, nothing is known of the event. */
type TypedEventOf<Event> = TriggerEvent extends Event
  ? TypedSegmentEvent<JsonObject>
  : Event extends EventDefinition<string, infer Properties>
    ? TypedSegmentEvent<Properties>
    : TypedSegmentEvent<JsonObject>;

type DataMapping<Event> = FieldMapping<PathOf<Event>>;

/** What the compiler takes `Data` for when a function makes the data, or nothing does. */
type IsMapped<Event, Data> = [DataMapping<Event>] extends [Data] ? false : true;

/** The function returns before the compiler knows; so where the data does not fit, what it makes is no trigger. */
type Defined<Event, Workflow, Action, Data, Returned> =
  IsMapped<Event, Data> extends true
    ? TriggerDefinition
    : Fitting<
        Workflow,
        Action,
        MappedData<Event, unknown extends Returned ? NotMapped : () => Returned>,
        TriggerDefinition
      >;

/**
 * Defines a trigger: when this event arrives, run that workflow for these recipients. Pure; it is checked when a source registers
 * it. With an event of `defineEvent`, paths are completed by the editor, and a path that leads nowhere does not compile; with a
 * workflow of `defineWorkflow`, neither does data that does not fit it.
 */
export function defineTrigger<
  const Event extends TriggerEvent,
  const Workflow extends string | WorkflowDefinition,
  const Action extends "trigger" | "cancel",
  // Without a default: with one, the compiler does not look at what a function returns.
  const Data extends DataMapping<Event>,
  Returned,
  Recipients,
  Actor,
  Tenant,
  Key,
  When,
>(
  trigger: TriggerOptions<
    Event,
    PathOf<Event>,
    TypedEventOf<Event>,
    Workflow,
    Data | ((event: TypedEventOf<Event>) => Synchronous<Returned>),
    { recipients: Recipients; actor: Actor; tenant: Tenant; cancellationKey: Key; when: When }
  > & { readonly action?: Action } & (IsMapped<Event, Data> extends true
      ? Misfit<Workflow, Action, MappedData<Event, Data>>
      : unknown),
): Defined<Event, Workflow, Action, Data, Returned>;
// What the compiler checked above is erased here; `compileTrigger` checks again, for those who write JavaScript.
export function defineTrigger(
  trigger: Omit<TriggerDefinition, "workflow"> & { readonly workflow: unknown },
): Omit<TriggerDefinition, "workflow"> & { readonly workflow: unknown } {
  const { workflow } = trigger;
  return isWorkflow(workflow) ? { ...trigger, workflow: workflow.name, typedWorkflow: workflow } : trigger;
}

function isWorkflow(workflow: unknown): workflow is WorkflowDefinition {
  return isJsonObject(workflow) && typeof workflow["name"] === "string" && isStandardSchema(workflow["schema"]);
}
