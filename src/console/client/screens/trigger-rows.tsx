import { useApp } from "../app-context.js";
import { words } from "../format.js";
import { type Comparison, type DataField, valueless } from "../trigger-draft.js";
import { Icon } from "../ui/icon.js";

interface ListProps<Item> {
  readonly list: string;
  readonly onChange: (items: readonly Item[]) => void;
}

/** What the run carries, name by name; none stands for all of the event's properties. */
export function DataFields({
  fields,
  list,
  onChange,
}: ListProps<DataField> & { readonly fields: readonly DataField[] }) {
  const update = (index: number, change: Partial<DataField>) =>
    onChange(fields.map((field, at) => (at === index ? { ...field, ...change } : field)));
  return (
    <fieldset class="rows">
      <legend>Data {fields.length === 0 && <small class="muted">all of the event's properties</small>}</legend>
      {fields.map((field, index) => (
        <div class="row-fields" key={index}>
          <input
            type="text"
            aria-label="Name of the field"
            placeholder="name"
            value={field.key}
            onInput={(event) => update(index, { key: event.currentTarget.value })}
          />
          <input
            type="text"
            class="mono"
            list={list}
            aria-label={`Path of ${field.key || "the field"}`}
            placeholder="properties.…"
            value={field.value}
            onInput={(event) => update(index, { value: event.currentTarget.value })}
          />
          <Remove what={`the field ${field.key}`} onClick={() => onChange(fields.filter((_, at) => at !== index))} />
        </div>
      ))}
      <button type="button" class="small" onClick={() => onChange([...fields, { key: "", value: "" }])}>
        Add a field
      </button>
    </fieldset>
  );
}

/** Comparisons that all have to hold. */
export function Conditions({
  conditions,
  list,
  onChange,
}: ListProps<Comparison> & { readonly conditions: readonly Comparison[] }) {
  const { session } = useApp();
  const update = (index: number, change: Partial<Comparison>) =>
    onChange(conditions.map((one, at) => (at === index ? { ...one, ...change } : one)));
  return (
    <fieldset class="rows">
      <legend>
        Only when {conditions.length === 0 && <small class="muted">always</small>}
        {conditions.length > 1 && <small class="muted">all of these hold</small>}
      </legend>
      {conditions.map((one, index) => (
        <div class="row-fields" key={index}>
          <input
            type="text"
            class="mono"
            list={list}
            aria-label="Path that is compared"
            placeholder="properties.…"
            value={one.path}
            onInput={(event) => update(index, { path: event.currentTarget.value })}
          />
          <select
            aria-label="Comparison"
            value={one.operator}
            onChange={(event) => update(index, { operator: event.currentTarget.value })}
          >
            {session.operators.map((operator) => (
              <option key={operator} value={operator}>
                {words(operator)}
              </option>
            ))}
          </select>
          {!valueless.has(one.operator) && (
            <input
              type="text"
              aria-label="Value to compare with"
              placeholder="value"
              value={one.value}
              onInput={(event) => update(index, { value: event.currentTarget.value })}
            />
          )}
          <Remove what="the condition" onClick={() => onChange(conditions.filter((_, at) => at !== index))} />
        </div>
      ))}
      <button
        type="button"
        class="small"
        onClick={() => onChange([...conditions, { path: "", operator: "equal_to", value: "" }])}
      >
        Add a condition
      </button>
    </fieldset>
  );
}

function Remove({ what, onClick }: { readonly what: string; readonly onClick: () => void }) {
  return (
    <button type="button" class="bare" aria-label={`Remove ${what}`} onClick={onClick}>
      <Icon name="close" size={14} />
    </button>
  );
}
