import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.js";
import type { TriggerTrace } from "../outcome/trace.js";
import { type Decided, TracedDecision } from "../outcome/traced.js";
import type { ReceivedEvent } from "../segment/event.js";
import type { CompiledTrigger } from "../triggers/compile-trigger.js";
import { traceTrigger } from "../triggers/trace-trigger.js";
import type { EvaluationStage, TriggerEvaluation } from "../triggers/trigger-evaluation.js";

/** What was evaluated, and what may be told of it; shared by decisions that have it in common. */
export interface Evaluated {
  readonly stage: EvaluationStage;
  /** As the trigger's fields saw it, or its text: a text is one thing to keep, and an event dozens. */
  readonly event: JsonObject | string;
  readonly toShown: (event: JsonObject) => JsonValue;
  /** Characters of JSON that a trace may take; 0 where there is no room for it. */
  readonly allowance: number;
}

/** Makes one of all the evaluations of an event that saw the same, as most of them did; with a text it is kept instead of the event. */
export function createEvaluated(
  received: Pick<ReceivedEvent, "event" | "text">,
  { toShown, allowance }: Pick<Evaluated, "toShown" | "allowance">,
): (evaluation: Pick<TriggerEvaluation, "stage" | "event">) => Evaluated {
  let last: Evaluated | null = null;
  let lastEvent: JsonObject | null = null;
  return ({ stage, event }) => {
    if (last === null || last.stage !== stage || lastEvent !== event) {
      const kept = event === received.event ? (received.text ?? event) : event;
      last = { stage, event: kept, toShown, allowance };
      lastEvent = event;
    }
    return last;
  };
}

/** A decision, and what its trigger compared and read. */
export class FrozenDecision extends TracedDecision {
  readonly #trigger: CompiledTrigger;
  readonly #evaluated: Evaluated;

  constructor(trigger: CompiledTrigger, decided: Decided, evaluated: Evaluated) {
    super(decided);
    this.#trigger = trigger;
    this.#evaluated = evaluated;
  }

  protected override get of(): CompiledTrigger {
    return this.#trigger;
  }

  protected override makeTrace(): TriggerTrace | undefined {
    const { stage, event, toShown, allowance } = this.#evaluated;
    if (stage === "event" || allowance === 0) return undefined;
    const read: unknown = typeof event === "string" ? JSON.parse(event) : event;
    return traceTrigger(this.#trigger, { event: isJsonObject(read) ? read : {}, stage, toShown, allowance });
  }
}
