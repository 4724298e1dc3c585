import type { NewRun, RunAction, RunHold } from "../storage/run-store.js";
import type { RunRequest } from "./run-request.js";

/** A planned run. Its request becomes text when a storage reads it; one that keeps objects never does while the first attempt succeeds. */
export class FrozenRun implements NewRun {
  readonly idempotencyKey: string;
  readonly trigger: string;
  readonly workflow: string;
  readonly action: RunAction;
  readonly hold?: RunHold;
  readonly #request: RunRequest;
  #text: string | null = null;

  constructor(
    idempotencyKey: string,
    { trigger, workflow, action, hold }: Pick<NewRun, "trigger" | "workflow" | "action" | "hold">,
    request: RunRequest,
  ) {
    this.idempotencyKey = idempotencyKey;
    this.trigger = trigger;
    this.workflow = workflow;
    this.action = action;
    if (hold !== undefined) this.hold = hold;
    this.#request = request;
  }

  get request(): string {
    this.#text ??= JSON.stringify(this.#request);
    return this.#text;
  }
}
