import { useState } from "preact/hooks";
import type { EventView, OutcomeDetail, RunView, TriggerOutcome } from "../../protocol.js";
import { useApp } from "../app-context.js";
import { count, plural, shortTime, words } from "../format.js";
import { pathTo } from "../location.js";
import { Link, Status } from "../ui/basics.js";
import { Icon } from "../ui/icon.js";
import { Decision } from "./decision.js";
import { UserLink } from "./user-link.js";

const stages = ["event", "active", "conditions", "mapping", "recipients", "run"] as const;
type Stage = (typeof stages)[number];

/** Where along the wire each reason stops it. */
const stoppedAt: Readonly<Record<string, Stage>> = {
  trigger_inactive: "active",
  event_too_old: "conditions",
  schema_mismatch: "conditions",
  schema_failed: "conditions",
  condition_false: "conditions",
  condition_failed: "conditions",
  path_unresolved: "mapping",
  mapping_failed: "mapping",
  mapping_invalid: "mapping",
  data_mismatch: "mapping",
  no_cancellation_key: "mapping",
  no_recipients: "recipients",
  not_identified: "recipients",
  dropped: "run",
};

/** The decision of one trigger as a wire from the event to the bell, cut where it stopped. */
export function TriggerTrace({
  trigger,
  runs,
}: {
  readonly trigger: TriggerOutcome;
  readonly runs: readonly RunView[];
}) {
  const { place } = useApp();
  const own = runs.filter((run) => run.trigger === trigger.trigger);
  return (
    <section class="trace" aria-label={`Trigger ${trigger.trigger}`}>
      <header>
        <Link href={pathTo(place, "triggers", { trigger: trigger.trigger })} class="mono">
          {trigger.trigger}
        </Link>
        <span class="muted">→ {trigger.workflow}</span>
        <Status value={trigger.status} />
      </header>
      <Wire status={trigger.status} reason={trigger.reason ?? null} />
      {trigger.reason !== undefined && <Reason reason={trigger.reason} detail={trigger.detail} />}
      {trigger.unresolved?.map((note) => (
        <Reason key={note.field} reason="left out" detail={note} />
      ))}
      {trigger.trace !== undefined && <Decision trace={trigger.trace} />}
      <Recipients trigger={trigger} />
      {own.map((run) => (
        <Attempt key={run.idempotencyKey} run={run} />
      ))}
    </section>
  );
}

function Wire({ status, reason }: { readonly status: string; readonly reason: string | null }) {
  const done = status === "triggered" || status === "canceled";
  const stop = done ? stages.length : stages.indexOf(stoppedAt[reason ?? ""] ?? "run");
  const stateOf = (index: number) => {
    if (index < stop) return "passed";
    if (index > stop) return "ahead";
    return status === "failed" ? "broken" : status === "skipped" ? "stopped" : "waiting";
  };
  const said = {
    passed: "passed",
    ahead: "not reached",
    broken: "failed here",
    stopped: "stopped here",
    waiting: "waits here",
  };
  return (
    <ol class="wire">
      {stages.map((stage, index) => (
        <li key={stage} class={stateOf(index)}>
          <i aria-hidden="true">{stage === "run" && <Icon name="bell" size={12} />}</i>
          <span>{stage}</span>
          <span class="off-screen">: {said[stateOf(index)]}</span>
        </li>
      ))}
    </ol>
  );
}

export function Reason({ reason, detail }: { readonly reason: string; readonly detail?: OutcomeDetail | undefined }) {
  return (
    <p class="reason">
      <b>{words(reason)}</b>
      {detail !== undefined && <span> {detail.message}</span>}
    </p>
  );
}

function Recipients({ trigger: { recipients } }: { readonly trigger: TriggerOutcome }) {
  const [most, setMost] = useState(50);
  if (recipients.length === 0) return null;
  return (
    <ul class="recipients">
      {recipients.slice(0, most).map(({ recipient, status, reason, message }, index) => (
        <li key={index}>
          {typeof recipient === "string" ? (
            <UserLink id={recipient} />
          ) : (
            <span class="mono">
              {recipient.collection}/{recipient.id}
            </span>
          )}
          <Status value={status} quiet />
          {reason !== undefined && (
            <span class="muted">
              {words(reason)}
              {message !== undefined && `: ${message}`}
            </span>
          )}
        </li>
      ))}
      {recipients.length > most && (
        <li>
          <button type="button" class="small" onClick={() => setMost(recipients.length)}>
            Show all {count(recipients.length)}
          </button>
        </li>
      )}
    </ul>
  );
}

function Attempt({ run }: { readonly run: RunView }) {
  const facts: (readonly [string, string | null])[] = [
    ["attempts", String(run.attempts)],
    ["workflow run", run.workflowRunId],
    ["next attempt", run.nextAttemptAt === null ? null : shortTime(run.nextAttemptAt)],
    ["waits for", run.waitingFor],
    ["held until", run.heldUntil === null ? null : shortTime(run.heldUntil)],
    ["idempotency key", run.idempotencyKey],
  ];
  return (
    <details class="attempt">
      <summary>
        <span>{run.action === "identify" ? "tell the engine" : "run"}</span>
        <Status value={run.status} quiet />
        <span class="muted">{plural(run.attempts, "attempt")}</span>
        {run.error !== null && <span class="error-text">{run.error}</span>}
      </summary>
      <dl class="pairs">
        {facts.map(([name, value]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="mono">{value}</dd>
            </div>
          ),
        )}
      </dl>
      <pre>{JSON.stringify(run.request, null, 2)}</pre>
    </details>
  );
}

/** All that happened to an event, from its receipt on. */
export function Trace({ event }: { readonly event: EventView }) {
  const { outcome, runs, row } = event;
  const { user } = outcome;
  const lagMs = new Date(row.receivedAt).getTime() - new Date(event.occurredAt).getTime();
  const isUnmatched = outcome.triggers.length === 0;
  return (
    <div class="traces">
      <p class="muted">
        Received {shortTime(row.receivedAt)}
        {lagMs > 1_000 && `, ${plural(Math.round(lagMs / 1_000), "second")} after it happened`}
        {user !== undefined && (
          <span>
            {" · "}user <UserLink id={user.id} /> {user.status}
          </span>
        )}
      </p>
      {isUnmatched && outcome.reason !== undefined && <Reason reason={outcome.reason} detail={outcome.detail} />}
      {outcome.triggers.map((trigger) => (
        <TriggerTrace key={trigger.trigger} trigger={trigger} runs={runs} />
      ))}
      {runs
        .filter((run) => run.action === "identify")
        .map((run) => (
          <Attempt key={run.idempotencyKey} run={run} />
        ))}
    </div>
  );
}
