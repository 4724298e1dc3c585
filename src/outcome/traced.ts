import type { RecipientDecision, TriggerDecision } from "./decision.js";
import { LaterList, type Listed, listLater } from "./listed.js";
import type { RecipientOutcome, TriggerOutcome } from "./outcome.js";
import type { TriggerTrace } from "./trace.js";

/** What is decided about a trigger, beside its trace. */
export type Decided = {
  readonly [Name in "reason" | "detail" | "unresolved"]: TriggerDecision[Name] | undefined;
} & Pick<TriggerDecision, "status" | "runs"> & { readonly recipients: Listed<RecipientDecision> };

/** The recipients of a decision, not yet made where they need not be. */
export function listedRecipients(decision: TriggerDecision): Listed<RecipientDecision> {
  return decision instanceof TracedDecision ? decision.listed : decision.recipients;
}

const nobody: readonly never[] = [];

/**
 * A decision whose trace is put together when it is stored or somebody looks at it, and not before. A class, because an object that
 * is given a getter of its own costs more than all the rest of a decision.
 */
export abstract class TracedDecision implements TriggerDecision {
  readonly trigger: string;
  readonly workflow: string;
  readonly action: TriggerDecision["action"];
  readonly status: TriggerDecision["status"];
  readonly recipients: TriggerDecision["recipients"];
  readonly runs: TriggerDecision["runs"];
  readonly reason?: NonNullable<TriggerDecision["reason"]>;
  readonly detail?: NonNullable<TriggerDecision["detail"]>;
  readonly unresolved?: NonNullable<TriggerDecision["unresolved"]>;
  #trace: TriggerTrace | null | undefined = null;
  readonly #later: LaterList<RecipientDecision> | null;

  constructor(
    { key, workflow, action }: Pick<TriggerDecision, "workflow" | "action"> & { readonly key: string },
    decision: Decided,
  ) {
    this.trigger = key;
    this.workflow = workflow;
    this.action = action;
    this.status = decision.status;
    const { recipients } = decision;
    this.#later = recipients instanceof LaterList ? recipients : null;
    this.recipients = recipients instanceof LaterList ? nobody : recipients;
    if (this.#later !== null) listLater(this, "recipients", this.#later);
    this.runs = decision.runs;
    if (decision.reason !== undefined) this.reason = decision.reason;
    if (decision.detail !== undefined) this.detail = decision.detail;
    if (decision.unresolved !== undefined) this.unresolved = decision.unresolved;
  }

  /** `undefined` where there is nothing to tell. */
  protected abstract makeTrace(): TriggerTrace | undefined;

  get listed(): Listed<RecipientDecision> {
    return this.#later ?? this.recipients;
  }

  get trace(): TriggerTrace | undefined {
    if (this.#trace === null) this.#trace = this.makeTrace();
    return this.#trace;
  }

  /** Assigned, since a spread before a new member takes ten times as long, and durable storages write every decision. */
  toJSON(): TriggerDecision {
    return Object.assign({}, this, { trace: this.trace });
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
      readonly recipients: Listed<RecipientOutcome>;
    },
    { reason, detail }: Pick<TriggerOutcome, "reason" | "detail">,
  ) {
    this.trigger = decision.trigger;
    this.workflow = decision.workflow;
    this.status = status;
    this.runs = runs;
    this.recipients = recipients instanceof LaterList ? nobody : recipients;
    if (recipients instanceof LaterList) listLater(this, "recipients", recipients);
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
