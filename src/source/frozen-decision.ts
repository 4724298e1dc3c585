import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.js";
import type { TriggerTrace } from "../outcome/trace.js";
import { type Decided, TracedDecision } from "../outcome/traced.js";
import type { CompiledTrigger } from "../triggers/compile-trigger.js";
import { traceTrigger } from "../triggers/trace-trigger.js";
import type { EvaluationStage } from "../triggers/trigger-evaluation.js";

/** Shared by the decisions of one event. */
export interface TracingOptions {
  readonly toShown: (event: JsonObject) => JsonValue;
  /** Characters of JSON that a trace may take; 0 where there is no room for it. */
  readonly allowance: number;
}

/** What was evaluated. */
export interface Evaluated {
  readonly stage: EvaluationStage;
  /** As the trigger's fields saw it, or its text: a text is one thing to keep, and an event dozens. */
  readonly event: JsonObject | string;
}

/** A decision, and what its trigger compared and read. */
export class FrozenDecision extends TracedDecision {
  readonly #trigger: CompiledTrigger;
  readonly #stage: EvaluationStage;
  readonly #event: JsonObject | string;
  readonly #tracing: TracingOptions;

  constructor(trigger: CompiledTrigger, decided: Decided, { stage, event }: Evaluated, tracing: TracingOptions) {
    super(trigger, decided);
    this.#trigger = trigger;
    this.#stage = stage;
    this.#event = event;
    this.#tracing = tracing;
  }

  protected override makeTrace(): TriggerTrace | undefined {
    const { toShown, allowance } = this.#tracing;
    if (this.#stage === "event" || allowance === 0) return undefined;
    const read: unknown = typeof this.#event === "string" ? JSON.parse(this.#event) : this.#event;
    const event = isJsonObject(read) ? read : {};
    return traceTrigger(this.#trigger, { event, stage: this.#stage, toShown, allowance });
  }
}
