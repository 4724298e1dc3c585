import type { Draft } from "../core/draft.js";
import type { RecipientDecision, TriggerDecision } from "./decision.js";
import { defineLazyList, itemsOf, LazyList, type MaybeLazyList } from "./lazy-list.js";
import type { RecipientOutcome, TriggerOutcome } from "./outcome.js";
import type { TriggerTrace } from "./trace.js";

/** What is decided about a trigger, beside its trace. */
export type Decided = {
  readonly [Name in "reason" | "detail" | "unresolved"]: TriggerDecision[Name] | undefined;
} & Pick<TriggerDecision, "status" | "runs"> & { readonly recipients: MaybeLazyList<RecipientDecision> };

/** What a decision is about. */
type DecidedTrigger = Pick<TriggerDecision, "workflow" | "action"> & { readonly key: string };

/** The recipients of a decision, not yet made where they need not be. */
export function maybeLazyRecipients(decision: TriggerDecision): MaybeLazyList<RecipientDecision> {
  return decision instanceof TracedDecision ? decision.maybeLazyRecipients : decision.recipients;
}

const nobody: readonly never[] = [];

/** What of most decisions there is nothing of. */
type Rare = Pick<Decided, "reason" | "detail" | "unresolved">;
const nothing: Rare = { reason: undefined, detail: undefined, unresolved: undefined };

/**
 * A decision whose trace and lists are put together when it is stored or somebody looks at it, and not before. Whatever keeps decisions
 * keeps little of each: what they have in common with their trigger they read from it.
 */
export abstract class TracedDecision implements TriggerDecision {
  readonly status: TriggerDecision["status"];
  readonly #recipients: MaybeLazyList<RecipientDecision>;
  /** The key itself where there is one run, as nearly always. */
  readonly #runs: TriggerDecision["runs"] | string;
  readonly #rare: Rare;
  #trace: TriggerTrace | null | undefined = null;

  constructor({ status, recipients, runs, reason, detail, unresolved }: Decided) {
    this.status = status;
    this.#recipients = recipients;
    this.#runs = runs.length === 1 ? (runs[0] ?? runs) : runs;
    const isUsual = reason === undefined && detail === undefined && unresolved === undefined;
    this.#rare = isUsual ? nothing : { reason, detail, unresolved };
  }

  protected abstract get of(): DecidedTrigger;

  /** `undefined` where there is nothing to tell. */
  protected abstract makeTrace(): TriggerTrace | undefined;

  get trigger(): string {
    return this.of.key;
  }

  get workflow(): string {
    return this.of.workflow;
  }

  get action(): TriggerDecision["action"] {
    return this.of.action;
  }

  get maybeLazyRecipients(): MaybeLazyList<RecipientDecision> {
    return this.#recipients;
  }

  get recipients(): readonly RecipientDecision[] {
    return itemsOf(this.#recipients);
  }

  get runs(): readonly string[] {
    return typeof this.#runs === "string" ? [this.#runs] : this.#runs;
  }

  get reason(): TriggerDecision["reason"] {
    return this.#rare.reason;
  }

  get detail(): TriggerDecision["detail"] {
    return this.#rare.detail;
  }

  get unresolved(): TriggerDecision["unresolved"] {
    return this.#rare.unresolved;
  }

  get trace(): TriggerTrace | undefined {
    if (this.#trace === null) this.#trace = this.makeTrace();
    return this.#trace;
  }

  /** All of it in an object that nothing is left to be made of. */
  toJSON(): TriggerDecision {
    const { trigger, workflow, action, status, recipients, runs, trace } = this;
    const plain: Draft<TriggerDecision> = { trigger, workflow, action, status, recipients, runs };
    const { reason, detail, unresolved } = this.#rare;
    if (reason !== undefined) plain.reason = reason;
    if (detail !== undefined) plain.detail = detail;
    if (unresolved !== undefined) plain.unresolved = unresolved;
    if (trace !== undefined) plain.trace = trace;
    return plain;
  }
}

/** An outcome that looks at the decision's trace only when somebody looks at its own. */
export class TracedOutcome implements TriggerOutcome {
  readonly trigger: string;
  readonly workflow: string;
  readonly status: TriggerOutcome["status"];
  readonly runs: TriggerOutcome["runs"];
  readonly recipients: TriggerOutcome["recipients"];
  readonly reason?: NonNullable<TriggerOutcome["reason"]>;
  readonly detail?: NonNullable<TriggerOutcome["detail"]>;
  readonly unresolved?: NonNullable<TriggerOutcome["unresolved"]>;
  readonly #decision: TriggerDecision;

  constructor(
    decision: TriggerDecision,
    {
      status,
      runs,
      recipients,
    }: Pick<TriggerOutcome, "status" | "runs"> & {
      readonly recipients: MaybeLazyList<RecipientOutcome>;
    },
    { reason, detail }: Pick<TriggerDecision, "reason" | "detail">,
  ) {
    this.trigger = decision.trigger;
    this.workflow = decision.workflow;
    this.status = status;
    this.runs = runs;
    this.recipients = recipients instanceof LazyList ? nobody : recipients;
    if (recipients instanceof LazyList) defineLazyList(this, "recipients", recipients);
    if (reason !== undefined) this.reason = reason;
    if (detail !== undefined) this.detail = detail;
    if (decision.unresolved !== undefined) this.unresolved = decision.unresolved;
    this.#decision = decision;
  }

  get trace(): TriggerTrace | undefined {
    return this.#decision.trace;
  }

  toJSON(): TriggerOutcome {
    return { ...this, trace: this.trace };
  }
}
