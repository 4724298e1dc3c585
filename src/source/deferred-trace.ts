import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.js";
import type { TriggerTrace } from "../outcome/trace.js";
import type { TraceMaker } from "../outcome/traced.js";
import type { CompiledTrigger } from "../triggers/compile-trigger.js";
import { traceTrigger } from "../triggers/trace-trigger.js";
import type { EvaluationStage } from "../triggers/trigger-evaluation.js";

export interface DeferredTraceOptions {
  readonly toShown: (event: JsonObject) => JsonValue;
  readonly allowance: number;
}

/** What a trigger compared and read, put together when somebody wants to know. */
export class DeferredTrace implements TraceMaker {
  readonly #trigger: CompiledTrigger;
  readonly #stage: EvaluationStage;
  readonly #event: JsonObject | string;
  readonly #options: DeferredTraceOptions;

  /**
   * @param event as the trigger's fields saw it, or its text: a text is one thing to keep, and an event dozens
   * @param options shared by all traces of a payload
   */
  constructor(
    trigger: CompiledTrigger,
    stage: EvaluationStage,
    event: JsonObject | string,
    options: DeferredTraceOptions,
  ) {
    this.#trigger = trigger;
    this.#stage = stage;
    this.#event = event;
    this.#options = options;
  }

  make(): TriggerTrace {
    const { toShown, allowance } = this.#options;
    const read: unknown = typeof this.#event === "string" ? JSON.parse(this.#event) : this.#event;
    const event = isJsonObject(read) ? read : {};
    return traceTrigger(this.#trigger, { event, stage: this.#stage, toShown, allowance });
  }
}
