import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.js";
import type { TriggerTrace } from "../outcome/trace.js";
import type { TraceMaker } from "../outcome/traced.js";
import type { CompiledTrigger } from "../triggers/compile-trigger.js";
import { traceTrigger } from "../triggers/trace-trigger.js";
import type { EvaluationStage } from "../triggers/trigger-evaluation.js";

export interface DeferredTraceOptions {
  readonly stage: EvaluationStage;
  /** The event as the trigger's fields saw it, or its text: a text is one thing to keep, and an event dozens. */
  readonly event: JsonObject | string;
  readonly toShown: (event: JsonObject) => JsonValue;
  readonly allowance: number;
}

/** What a trigger compared and read, put together when somebody wants to know. */
export class DeferredTrace implements TraceMaker {
  readonly #trigger: CompiledTrigger;
  readonly #options: DeferredTraceOptions;

  constructor(trigger: CompiledTrigger, options: DeferredTraceOptions) {
    this.#trigger = trigger;
    this.#options = options;
  }

  make(): TriggerTrace {
    const { event, ...options } = this.#options;
    const read: unknown = typeof event === "string" ? JSON.parse(event) : event;
    return traceTrigger(this.#trigger, { ...options, event: isJsonObject(read) ? read : {} });
  }
}
