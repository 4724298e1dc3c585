import { durationToMs } from "../core/duration.js";
import { BellwireError } from "../core/errors.js";
import type { JsonObject } from "../core/json.js";
import { invalidField } from "../mapping/invalid-field.js";
import { type SegmentEventType, segmentEventTypes } from "../segment/event.js";
import { type CompiledCondition, compileCondition } from "./condition.js";
import type { WorkflowDefinition } from "./define-workflow.js";
import { compileField, type FieldResolver, toHostFunction } from "./field-resolver.js";
import { requireCollections } from "./required-collection.js";
import type { StandardSchema } from "./standard-schema.js";
import type { TriggerDefinition } from "./trigger-definition.js";
import { triggerName } from "./trigger-name.js";
import { findProblem } from "./trigger-shape.js";
import { compileUnidentified, type UnidentifiedPolicy } from "./unidentified.js";

/** A trigger that was checked, with everything compiled that can be. */
export interface CompiledTrigger {
  readonly definition: TriggerDefinition;
  readonly key: string;
  readonly workflow: string;
  readonly action: "trigger" | "cancel";
  readonly type: SegmentEventType;
  /** `null`: every event of the type. */
  readonly name: string | null;
  readonly schema: StandardSchema<unknown> | null;
  readonly condition: CompiledCondition | null;
  /** `when` as a function of the host, which may do anything. */
  readonly predicate: ((event: JsonObject) => unknown) | null;
  readonly recipients: FieldResolver | null;
  readonly actor: FieldResolver | null;
  readonly tenant: FieldResolver | null;
  readonly data: FieldResolver | null;
  readonly cancellationKey: FieldResolver | null;
  readonly maxEventAgeMs: number | null;
  readonly excludeActor: boolean;
  /** Whether groups among the recipients stand for their members. */
  readonly expand: boolean;
  readonly unidentified: UnidentifiedPolicy | null;
  /** What the workflow wants its data to be. */
  readonly dataSchema: StandardSchema<unknown> | null;
  /** Whether recipients were mapped at all; a cancel without them reaches everyone. */
  readonly hasRecipients: boolean;
}

/** The workflows that were defined with `defineWorkflow`, by name. */
export type TypedWorkflows = ReadonlyMap<string, WorkflowDefinition>;

const noWorkflows: TypedWorkflows = new Map();

/**
 * Checks and compiles a trigger.
 *
 * @param workflows the data of triggers that name one of them is checked by it
 * @throws `CONFIG_TRIGGER_INVALID`, `CONFIG_PATH_INVALID` naming the trigger and the field
 */
export function compileTrigger(
  definition: TriggerDefinition,
  workflows: TypedWorkflows = noWorkflows,
): CompiledTrigger {
  const problem = findProblem(definition);
  if (problem !== null) throw invalid(definition, problem);
  try {
    return compileChecked(definition, workflows);
  } catch (error) {
    if (!BellwireError.is(error)) throw error;
    const { code, details, message } = error;
    throw new BellwireError({ code, details, message: `Trigger ${JSON.stringify(definition.key)}: ${message}` });
  }
}

function compileChecked(definition: TriggerDefinition, workflows: TypedWorkflows): CompiledTrigger {
  const { key, workflow, action = "trigger", when, maxEventAge } = definition;
  if (action === "trigger" && definition.recipients === undefined) {
    throw invalidField("recipients", 'is missing; say who is notified, such as "userId"');
  }
  if (action === "cancel" && definition.expand === true) {
    throw invalidField("expand", "is of no use for a cancel; it reaches everyone the runs were started for");
  }
  if (action === "cancel" && definition.cancellationKey === undefined) {
    throw invalidField("cancellationKey", "is missing; a cancel needs the key that the run was started with");
  }
  const compile = (field: "recipients" | "actor" | "tenant" | "data" | "cancellationKey") => {
    const mapping = definition[field];
    if (mapping === undefined) return null;
    return compileField(
      field === "recipients" || field === "actor" ? requireCollections(mapping, field) : mapping,
      field,
    );
  };
  return {
    definition,
    key,
    workflow,
    action,
    ...compileEvent(definition.event),
    condition: when === undefined || typeof when === "function" ? null : compileCondition(when, "when"),
    predicate: typeof when === "function" ? toHostFunction(when) : null,
    recipients: compile("recipients"),
    hasRecipients: definition.recipients !== undefined,
    actor: compile("actor"),
    tenant: compile("tenant"),
    data: compile("data"),
    cancellationKey: compile("cancellationKey"),
    maxEventAgeMs: maxEventAge === undefined ? null : durationToMs(maxEventAge, "maxEventAge"),
    excludeActor: definition.excludeActor ?? false,
    dataSchema: dataSchemaOf(definition, workflows),
    expand: definition.expand ?? false,
    unidentified: definition.unidentified === undefined ? null : compileUnidentified(definition.unidentified),
  };
}

/** A trigger that was made from another one may carry the schema of the workflow that it named before. */
function dataSchemaOf({ workflow, typedWorkflow }: TriggerDefinition, workflows: TypedWorkflows) {
  const typed = typedWorkflow?.name === workflow ? typedWorkflow : workflows.get(workflow);
  return typed?.schema ?? null;
}

function compileEvent(event: TriggerDefinition["event"]): Pick<CompiledTrigger, "type" | "name" | "schema"> {
  if (typeof event === "string") {
    if (event === "") throw invalidField("event", "is empty; give the name of a track event");
    return { type: "track", name: event, schema: null };
  }
  if (typeof event !== "object" || event === null) {
    throw invalidField(
      "event",
      'is missing; give a name, an event of defineEvent, or { type: "page", name: "Pricing" }',
    );
  }
  if ("schema" in event) return { type: "track", name: event.name, schema: event.schema };
  const type = segmentEventTypes.find((known) => known === event.type);
  if (type === undefined) throw invalidField("event.type", `is none of ${segmentEventTypes.join(", ")}`);
  if (event.name !== undefined && (typeof event.name !== "string" || event.name === "")) {
    throw invalidField("event.name", "is not a name; leave it out for every event of the type");
  }
  return { type, name: event.name ?? null, schema: null };
}

/** Whether the definition, without what was switched at run time, has the trigger active there. */
export function isActiveByDefinition({ definition: { active = true } }: CompiledTrigger, environment: string): boolean {
  if (typeof active === "boolean") return active;
  return Object.hasOwn(active, environment) ? active[environment] !== false : true;
}

function invalid(definition: unknown, message: string): BellwireError {
  const key: unknown =
    typeof definition === "object" && definition !== null ? Reflect.get(definition, "key") : undefined;
  return new BellwireError({ code: "CONFIG_TRIGGER_INVALID", message: `${triggerName(key)}: ${message}` });
}
