import { useState } from "preact/hooks";
import type { EventView, ReplayView } from "../../protocol.js";
import { get, post } from "../api.js";
import { useApp } from "../app-context.js";
import { navigate, pathTo } from "../location.js";
import { CopyButton, Empty, Link, Loading, Problem, Status, Time } from "../ui/basics.js";
import { copyText } from "../ui/copy.js";
import { Detail } from "../ui/detail.js";
import { Confirm } from "../ui/dialog.js";
import { JsonTree } from "../ui/json-tree.js";
import { useAction } from "../use-action.js";
import { useQuery } from "../use-query.js";
import { Reason, Trace, TriggerTrace } from "./trace.js";

interface InspectorProps {
  readonly messageId: string;
  /** Changes when the list has heard of something new of this event. */
  readonly revision: string;
  readonly onClose: () => void;
}

/** One event: what happened to it and why, and what it holds. */
export function Inspector({ messageId, revision, onClose }: InspectorProps) {
  const { place } = useApp();
  const key = JSON.stringify([place, messageId, revision]);
  const { data, error, reload } = useQuery(key, (signal) => get<EventView>(place, "event", { id: messageId }, signal));
  const [last, setLast] = useState<EventView | null>(null);
  if (data !== null && data !== last) setLast(data);
  // While a newer state is read, the one before stands.
  const event = data ?? (last?.row.messageId === messageId ? last : null);
  const subtitle = (
    <span class="mono">
      {messageId} <CopyButton text={messageId} what="message id" />
    </span>
  );
  return (
    <Detail
      of="event"
      title={event === null ? "Event" : (event.row.name ?? event.row.type ?? "not an event")}
      subtitle={subtitle}
      status={event !== null && <Status value={event.row.status} />}
      onClose={onClose}
    >
      {error !== null && <Problem error={error} retry={reload} />}
      {event === null && error === null && <Loading />}
      {event !== null && <Body event={event} />}
    </Detail>
  );
}

function Body({ event }: { readonly event: EventView }) {
  const { place, notify, can } = useApp();
  const [replaying, setReplaying] = useState(false);
  const { row, payload } = event;
  const pick = async (path: string) => {
    await copyText(path);
    notify(`Copied ${path}`);
  };
  const isEvent = row.status !== "invalid";
  return (
    <div>
      <div class="actions">
        {can("operate") && isEvent && (
          <Link class="button small" href={pathTo(place, "triggers", { new: "event", from: row.messageId })}>
            Create a trigger from it
          </Link>
        )}
        {can("operate") && payload !== null && (
          <button type="button" class="small" onClick={() => setReplaying(true)}>
            Replay…
          </button>
        )}
        <CopyButton text={JSON.stringify(payload, null, 2)} what="the payload as JSON" label="Copy JSON" />
      </div>
      <h3>What happened</h3>
      <Trace event={event} />
      <h3>Payload</h3>
      {payload === null ? (
        <p class="muted">Not kept: retention took it, or payloads are not recorded here.</p>
      ) : (
        <JsonTree value={payload} onPick={pick} />
      )}
      <dl class="pairs">
        <div>
          <dt>received</dt>
          <dd>
            <Time at={row.receivedAt} />
          </dd>
        </div>
        <div>
          <dt>happened</dt>
          <dd>
            <Time at={event.occurredAt} />
          </dd>
        </div>
        {event.anonymousId !== null && (
          <div>
            <dt>anonymous id</dt>
            <dd class="mono">{event.anonymousId}</dd>
          </div>
        )}
      </dl>
      {replaying && <Replay messageId={row.messageId} onClose={() => setReplaying(false)} />}
    </div>
  );
}

/** Shows what a replay would do before it does it. */
function Replay({ messageId, onClose }: { readonly messageId: string; readonly onClose: () => void }) {
  const { place } = useApp();
  const { busy, failure, run } = useAction({ inDialog: true });
  const dry = useQuery(messageId, (signal) => post<ReplayView>(place, "replay", { messageId, dryRun: true }, signal));
  const outcome = dry.data?.outcome ?? null;
  const replay = () =>
    run(async () => {
      const { outcome: done } = await post<ReplayView>(place, "replay", { messageId, dryRun: false });
      onClose();
      if (done !== null) navigate(pathTo(place, "events", { event: done.messageId }));
      return "Replayed";
    });
  return (
    <Confirm
      title="Replay this event?"
      action="Replay now"
      danger
      failure={failure}
      busy={busy || outcome === null}
      onConfirm={replay}
      onClose={onClose}
    >
      <p>
        The event is handled again as a new one, by the triggers as they stand now.{" "}
        <b>People who were notified before may be notified once more.</b>
      </p>
      <h3>What would be sent</h3>
      {dry.error !== null && <Problem error={dry.error} />}
      {dry.data === null && dry.error === null && <Loading lines={2} />}
      {outcome !== null && outcome.triggers.length === 0 && (
        <Reason reason={outcome.reason ?? "nothing"} detail={outcome.detail} />
      )}
      {outcome?.triggers.map((trigger) => (
        <TriggerTrace key={trigger.trigger} trigger={trigger} runs={[]} />
      ))}
      {dry.data !== null && outcome === null && <Empty title="Its payload is not kept, so it can not be replayed." />}
    </Confirm>
  );
}
