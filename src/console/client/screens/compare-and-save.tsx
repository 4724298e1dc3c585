import type { ComparisonView, JsonObject, TriggerView } from "../../protocol.js";
import { post } from "../api.js";
import { useApp } from "../app-context.js";
import { count, plural } from "../format.js";
import { Loading, Problem } from "../ui/basics.js";
import { Confirm } from "../ui/dialog.js";
import { useAction } from "../use-action.js";
import { useQuery } from "../use-query.js";

interface CompareProps {
  readonly definition: JsonObject;
  /** As it was when it was opened for editing. */
  readonly replaces: TriggerView | null;
  readonly onClose: () => void;
  readonly onSaved: (key: string) => void;
}

/** Who of the events received so far would have been notified, or no longer: what saving changes, before it is saved. */
export function CompareAndSave({ definition, replaces, onClose, onSaved }: CompareProps) {
  const { place } = useApp();
  const { busy, failure, run } = useAction({ inDialog: true });
  const key = String(definition["key"]);
  const { data, error } = useQuery(JSON.stringify(definition), (signal) =>
    post<ComparisonView>(place, "triggers/compare", { definition, replaces: replaces?.key ?? null }, signal),
  );
  const save = async () => {
    const went = await run(async () => {
      await post(place, "triggers/save", { definition, savedAt: replaces?.savedAt ?? null });
      return `Saved ${key}`;
    });
    if (went) onSaved(key);
  };
  return (
    <Confirm
      title={replaces === null ? `Save ${key}?` : `Save the changes to ${key}?`}
      action="Save"
      failure={failure}
      busy={busy || data === null}
      onConfirm={save}
      onClose={onClose}
    >
      <p>
        {replaces === null
          ? "The trigger is active at once, in every environment of the source."
          : "The change holds at once, in every environment of the source."}{" "}
        Other processes see it within seconds.
      </p>
      {error !== null && <Problem error={error} />}
      {data === null && error === null && <Loading lines={3} />}
      {data !== null && (
        <p>
          <b>{count(data.changed)}</b> of the last {plural(data.events, "event")} would have notified somebody{" "}
          {replaces === null ? "in addition" : "else, or sent something else"}
          {data.differences.length < data.changed && `; the first ${data.differences.length}`}
          {data.changed === 0 ? "." : ":"}
        </p>
      )}
      <ul class="differences">
        {data?.differences.map(({ messageId, added, removed, fields }) => (
          <li key={messageId}>
            <span class="mono muted cut">{messageId}</span>
            {added.map((one) => (
              <ins key={one}>{one}</ins>
            ))}
            {removed.map((one) => (
              <del key={one}>{one}</del>
            ))}
            {fields.map((one) => (
              <span key={one} class="mono">
                {one}
              </span>
            ))}
          </li>
        ))}
      </ul>
    </Confirm>
  );
}
