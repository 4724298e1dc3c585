import type { NewRun, RunAction, RunHold } from "../storage/run-store.js";
import type { RunRequest } from "./run-request.js";

type RunBase = Pick<NewRun, "trigger" | "workflow" | "action"> & { readonly hold?: RunHold | undefined };

/** A planned run with what it was frozen to, so that the first attempt need not read it from the text. */
abstract class FrozenRun {
  readonly idempotencyKey: string;
  readonly trigger: string;
  readonly workflow: string;
  readonly action: RunAction;
  readonly hold?: RunHold;
  readonly #frozen: RunRequest;

  constructor(idempotencyKey: string, { trigger, workflow, action, hold }: RunBase, frozen: RunRequest) {
    this.idempotencyKey = idempotencyKey;
    this.trigger = trigger;
    this.workflow = workflow;
    this.action = action;
    if (hold !== undefined) this.hold = hold;
    this.#frozen = frozen;
  }

  get frozen(): RunRequest {
    return this.#frozen;
  }
}

/** For storages that take plain members. */
class EagerRun extends FrozenRun implements NewRun {
  readonly request: string;

  constructor(idempotencyKey: string, base: RunBase, frozen: RunRequest) {
    super(idempotencyKey, base, frozen);
    this.request = JSON.stringify(frozen);
  }
}

/** Becomes text when a storage reads it; one that keeps objects never does while the first attempt succeeds. */
class LazyRun extends FrozenRun implements NewRun {
  #text: string | null = null;

  get request(): string {
    this.#text ??= JSON.stringify(this.frozen);
    return this.#text;
  }
}

/** @param isLazy whether the text of the request may be left to be made when it is read */
export function freezeRun(idempotencyKey: string, base: RunBase, frozen: RunRequest, isLazy: boolean): NewRun {
  return isLazy ? new LazyRun(idempotencyKey, base, frozen) : new EagerRun(idempotencyKey, base, frozen);
}

/** What the run was frozen to; `null` for one that was made elsewhere. */
export function frozenRequest(run: NewRun): RunRequest | null {
  return run instanceof FrozenRun ? run.frozen : null;
}
