import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app-context.js";
import { type EventFilter, ranges } from "../event-filter.js";
import { words } from "../format.js";
import { navigate, withQuery } from "../location.js";
import { Icon } from "../ui/icon.js";
import { useSettled } from "../use-query.js";

const statuses = ["processed", "in_progress", "ignored", "invalid", "failed"] as const;
const types = ["track", "identify", "page", "screen", "group", "alias", "delete"] as const;

export function EventFilters({ filter }: { readonly filter: EventFilter }) {
  const { location, session } = useApp();
  const set = (values: Partial<EventFilter>) =>
    navigate(withQuery(location, { ...values, event: null }), { replace: true });
  return (
    <div class="filters">
      <Search value={filter.search} onChange={(search) => set({ search })} />
      <fieldset class="chips">
        <legend class="off-screen">Status</legend>
        {["", ...statuses].map((status) => (
          <button
            key={status}
            type="button"
            class="chip-button"
            aria-pressed={filter.status === status}
            onClick={() => set({ status })}
          >
            {status === "" ? "all" : words(status)}
          </button>
        ))}
      </fieldset>
      <Choice
        label="Type"
        all="Any type"
        value={filter.type}
        values={types.map((type) => [type, type])}
        onChange={(type) => set({ type })}
      />
      <Choice
        label="Reason"
        all="Any reason"
        value={filter.reason}
        values={session.reasons.map((reason) => [reason, words(reason)])}
        onChange={(reason) => set({ reason })}
      />
      <Choice
        label="Time"
        all="Any time"
        value={filter.range}
        values={[...ranges.map(([value, label]) => [value, label] as const), ["custom", "Between…"]]}
        onChange={(range) => set({ range, from: "", to: "" })}
      />
      {filter.range === "custom" && (
        <span class="between">
          <Moment label="From" value={filter.from} onChange={(from) => set({ from })} />
          <Moment label="To" value={filter.to} onChange={(to) => set({ to })} />
        </span>
      )}
      <Given label="name" value={filter.name} onClear={() => set({ name: "" })} />
      <Given label="user" value={filter.userId} onClear={() => set({ userId: "" })} />
    </div>
  );
}

function Search({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(value);
  const settled = useSettled(typed, 250);
  // Only what was typed asks for another list.
  useEffect(() => {
    if (settled !== value) onChange(settled);
  }, [settled]);
  // Somebody cleared the filters.
  useEffect(() => setTyped(value), [value]);
  return (
    <label class="search">
      <Icon name="search" size={14} />
      <span class="off-screen">Search by message id, user id or event name</span>
      <input
        id="event-search"
        type="search"
        placeholder="Message id, user or event name"
        value={typed}
        maxLength={200}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      <span class="key" aria-hidden="true">
        /
      </span>
    </label>
  );
}

interface MomentProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Moment({ label, value, onChange }: MomentProps) {
  return (
    <input
      type="datetime-local"
      aria-label={label}
      value={value === "" ? "" : toLocal(new Date(value))}
      onChange={({ currentTarget: { value: local } }) => onChange(local === "" ? "" : new Date(local).toISOString())}
    />
  );
}

/** As a field for local times has it: `2026-11-24T18:30`. */
function toLocal(at: Date): string {
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

interface ChoiceProps {
  readonly label: string;
  readonly all: string;
  readonly value: string;
  readonly values: readonly (readonly [value: string, label: string])[];
  readonly onChange: (value: string) => void;
}

function Choice({ label, all, value, values, onChange }: ChoiceProps) {
  return (
    <select
      aria-label={label}
      value={value}
      class={value === "" ? "" : "set"}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">{all}</option>
      {values.map(([one, text]) => (
        <option key={one} value={one}>
          {text}
        </option>
      ))}
    </select>
  );
}

function Given({
  label,
  value,
  onClear,
}: {
  readonly label: string;
  readonly value: string;
  readonly onClear: () => void;
}) {
  if (value === "") return null;
  return (
    <span class="given">
      <span class="muted">{label}</span> {value}
      <button type="button" class="bare" aria-label={`Clear the ${label}`} onClick={onClear}>
        <Icon name="close" size={12} />
      </button>
    </span>
  );
}
