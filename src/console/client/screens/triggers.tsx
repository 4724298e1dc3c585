import { useState } from "preact/hooks";
import type { TriggerView } from "../../protocol.js";
import { get, post } from "../api.js";
import { useApp } from "../app-context.js";
import { navigate, pathTo, withQuery } from "../location.js";
import { ChangedBy, CopyButton, Empty, Link, Loading, Problem, Switch, Time } from "../ui/basics.js";
import { Detail } from "../ui/detail.js";
import { Confirm } from "../ui/dialog.js";
import { type Column, Table } from "../ui/table.js";
import { useAction } from "../use-action.js";
import { useKeys } from "../use-keys.js";
import { useQuery } from "../use-query.js";
import { TriggerEditor } from "./trigger-editor.js";

/** The triggers of the source with their switches in this environment. */
export function TriggersScreen() {
  const { place, location, can } = useApp();
  const opened = location.query.get("trigger");
  const edited = location.query.get("edit");
  const isNew = location.query.has("new");
  // Whoever begins to write begins with what is stored just now.
  const { data, error, reload } = useQuery(JSON.stringify([place, edited, isNew]), (signal) =>
    get<readonly TriggerView[]>(place, "triggers", {}, signal),
  );
  const close = () => navigate(withQuery(location, { trigger: null }));
  useKeys({ Escape: () => opened !== null && close() });
  if (can("operate") && isNew && data !== null) {
    return <TriggerEditor replaces={null} taken={data.map(({ key }) => key)} />;
  }
  const replaces = data?.find((one) => one.key === edited && one.origin === "stored");
  if (can("operate") && replaces !== undefined) {
    return <TriggerEditor key={replaces.key} replaces={replaces} taken={[]} />;
  }
  const shown = data?.find((one) => one.key === opened);
  const missing = [opened, edited].find((key) => key !== null && data?.some((one) => one.key === key) === false);
  return (
    <div class={`split ${shown === undefined ? "" : "has-detail"}`}>
      <div class="pane scrolls">
        <header class="bar">
          <h1>Triggers</h1>
          {can("operate") && (
            <Link class="button primary" href={pathTo(place, "triggers", { new: "trigger" })}>
              New trigger
            </Link>
          )}
        </header>
        {error !== null && <Problem error={error} retry={reload} />}
        {data !== null && missing !== undefined && (
          <Problem error={new Error(`There is no trigger "${missing}" any more.`)} />
        )}
        {data === null && error === null && <Loading />}
        {data?.length === 0 && <NoTriggers />}
        {data !== null && data.length > 0 && (
          <Table
            label="Triggers"
            columns={columnsOf(reload)}
            items={data}
            keyOf={({ key }) => key}
            rowClass={({ key }) => (key === opened ? "chosen" : "")}
          />
        )}
      </div>
      {shown !== undefined && <TriggerDetail trigger={shown} onClose={close} onChange={reload} />}
    </div>
  );
}

function columnsOf(onChange: () => void): readonly Column<TriggerView>[] {
  return [
    { title: "Active", cell: (trigger) => <ActiveSwitch trigger={trigger} onChange={onChange} /> },
    { title: "Trigger", cell: (trigger) => <TriggerLink trigger={trigger} /> },
    {
      title: "Event",
      cell: ({ type, name }) => (
        <span>
          {name ?? <span class="muted">every {type}</span>}
          {type !== "track" && name !== null && <span class="tag">{type}</span>}
        </span>
      ),
    },
    { title: "Workflow", cell: ({ workflow }) => <span class="mono">{workflow}</span> },
    { title: "Switched", cell: ({ active }) => <ChangedBy by={active.changedBy} at={active.changedAt} /> },
    { title: "Kept in", cell: ({ origin }) => <span class="tag">{origin === "code" ? "code" : "console"}</span> },
  ];
}

function TriggerLink({ trigger: { key, problem } }: { readonly trigger: TriggerView }) {
  const { location } = useApp();
  return (
    <span>
      <Link href={withQuery(location, { trigger: key })}>{key}</Link>
      {problem !== null && <span class="chip bad">takes no part</span>}
    </span>
  );
}

function ActiveSwitch({ trigger, onChange }: { readonly trigger: TriggerView; readonly onChange: () => void }) {
  const { place } = useApp();
  const { busy, run } = useAction();
  const { key, active } = trigger;
  const change = (on: boolean) =>
    run(async () => {
      await post(place, "triggers/active", { key, on });
      onChange();
      return `${key} is ${on ? "active" : "inactive"} in ${place.environment}`;
    });
  return <Switch on={active.on} busy={busy} label={`${key} active in ${place.environment}`} onChange={change} />;
}

function NoTriggers() {
  const { place, can } = useApp();
  return (
    <Empty title="No trigger yet">
      <p>
        A trigger says which event starts which workflow, for whom and with what data. Write one in code with
        defineTrigger{can("operate") ? ", or" : "."}
      </p>
      {can("operate") && (
        <Link class="button primary" href={pathTo(place, "events")}>
          create one from an event
        </Link>
      )}
    </Empty>
  );
}

interface DetailProps {
  readonly trigger: TriggerView;
  readonly onClose: () => void;
  readonly onChange: () => void;
}

function TriggerDetail({ trigger, onClose, onChange }: DetailProps) {
  const { place, can } = useApp();
  const [removing, setRemoving] = useState(false);
  const { key, active, origin, savedAt } = trigger;
  const json = JSON.stringify(trigger.definition, null, 2);
  return (
    <Detail of="trigger" title={key} subtitle={`→ ${trigger.workflow}`} onClose={onClose}>
      {trigger.problem !== null && <Problem error={new Error(trigger.problem)} />}
      <p class="switched">
        <ActiveSwitch trigger={trigger} onChange={onChange} />
        {active.on ? "Active" : "Inactive"} in {place.environment}
        <ChangedBy by={active.changedBy} at={active.changedAt} />
      </p>
      <div class="actions">
        <Link class="button small" href={pathTo(place, "events", { type: trigger.type, name: trigger.name })}>
          Its events
        </Link>
        {origin === "stored" && can("operate") && (
          <Link class="button small" href={pathTo(place, "triggers", { edit: key })}>
            Edit
          </Link>
        )}
        {origin === "stored" && can("operate") && (
          <button type="button" class="small danger-text" onClick={() => setRemoving(true)}>
            Remove…
          </button>
        )}
        <CopyButton text={json} what="the definition as JSON" label="Copy JSON" />
      </div>
      <h3>Definition</h3>
      {origin === "code" ? (
        <p class="muted">Defined in code, and changed there.</p>
      ) : (
        <p class="muted">
          Saved by {trigger.savedBy ?? "someone"} {savedAt !== null && <Time at={savedAt} />}
        </p>
      )}
      <pre>{json}</pre>
      {removing && (
        <Remove
          name={key}
          onClose={() => setRemoving(false)}
          onRemoved={() => {
            onChange();
            onClose();
          }}
        />
      )}
    </Detail>
  );
}

interface RemoveProps {
  readonly name: string;
  readonly onClose: () => void;
  readonly onRemoved: () => void;
}

function Remove({ name, onClose, onRemoved }: RemoveProps) {
  const { place } = useApp();
  const { busy, failure, run } = useAction({ inDialog: true });
  const remove = async () => {
    const went = await run(async () => {
      await post(place, "triggers/remove", { key: name });
      return `Removed ${name}`;
    });
    if (went) onRemoved();
  };
  return (
    <Confirm
      title={`Remove ${name}?`}
      action="Remove"
      danger
      failure={failure}
      busy={busy}
      onConfirm={remove}
      onClose={onClose}
    >
      <p>
        It takes part in no event from now on, in every environment. Runs that it has planned are sent all the same.
      </p>
    </Confirm>
  );
}
