import { useId, useRef } from "preact/hooks";
import type { JsonValue } from "../../protocol.js";
import type { TriggerDraft } from "../trigger-draft.js";
import { JsonTree } from "../ui/json-tree.js";
import { Conditions, DataFields } from "./trigger-rows.js";

const types = ["track", "page", "screen", "identify", "group", "alias"] as const;

export interface Writing {
  readonly draft: TriggerDraft;
  /** The definition as text, while it is edited as JSON. */
  readonly json: string | null;
}

interface FormProps {
  readonly writing: Writing;
  readonly isNew: boolean;
  readonly problem: { readonly message: string; readonly field: string | null } | null;
  readonly paths: readonly (readonly [path: string, value: JsonValue])[];
  readonly sample: JsonValue;
  readonly onChange: (writing: Writing) => void;
  /** What the form would show; `null` where it can not show all of it. */
  readonly form: Writing | null;
  readonly onJson: () => void;
}

export function TriggerForm({ writing, isNew, problem, paths, sample, form, onChange, onJson }: FormProps) {
  const { draft, json } = writing;
  const list = useId();
  /** The path field that the person was in last: what is picked from the event goes there. */
  const target = useRef<HTMLInputElement | null>(null);
  const remember = (event: FocusEvent) => {
    if (event.target instanceof HTMLInputElement && event.target.matches("[list]")) target.current = event.target;
  };
  const insert = (path: string) => {
    const field = target.current ?? document.querySelector<HTMLInputElement>("#trigger-recipients");
    if (field === null) return;
    field.value = path;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    field.focus();
  };
  const set = (values: Partial<TriggerDraft>) => onChange({ draft: { ...draft, ...values }, json: null });
  return (
    <form class="trigger-form" onSubmit={(event) => event.preventDefault()} onFocusIn={remember}>
      <div class="chips" role="group" aria-label="How to write it">
        <button
          type="button"
          class="chip-button"
          aria-pressed={json === null}
          disabled={form === null}
          onClick={() => form !== null && onChange(form)}
        >
          Form
        </button>
        <button type="button" class="chip-button" aria-pressed={json !== null} onClick={onJson}>
          JSON
        </button>
      </div>
      {form === null && <p class="muted">The form can not show all of this.</p>}
      {problem !== null && (
        <p class="problem" role="status">
          {problem.message}
        </p>
      )}
      <datalist id={list}>
        {paths.map(([path, value]) => (
          <option key={path} value={path}>
            {typeof value === "object" ? "" : String(value)}
          </option>
        ))}
      </datalist>
      {json === null ? (
        <Fields draft={draft} set={set} list={list} isNew={isNew} wrong={problem?.field ?? null} />
      ) : (
        <label class="field">
          <span>Definition</span>
          <textarea
            class="mono"
            rows={18}
            spellcheck={false}
            value={json}
            onInput={(event) => onChange({ draft, json: event.currentTarget.value })}
          />
        </label>
      )}
      {sample !== null && json === null && (
        <details class="sample" open>
          <summary>The event · a click puts the path into the field</summary>
          <JsonTree value={sample} onPick={insert} picking="Use path" />
        </details>
      )}
    </form>
  );
}

interface FieldsProps {
  readonly draft: TriggerDraft;
  readonly set: (values: Partial<TriggerDraft>) => void;
  readonly list: string;
  readonly isNew: boolean;
  readonly wrong: string | null;
}

function Fields({ draft, set, list, isNew, wrong }: FieldsProps) {
  const path = (field: "recipients" | "actor" | "tenant" | "cancellationKey", label: string, hint: string) => (
    <Text
      id={`trigger-${field}`}
      label={label}
      hint={hint}
      value={draft[field]}
      list={list}
      invalid={wrong?.startsWith(field) === true}
      onInput={(value) => set({ [field]: value })}
    />
  );
  return (
    <div class="fields">
      <div class="pair">
        <label class="field">
          <span>Event type</span>
          <select value={draft.type} onChange={(event) => set({ type: event.currentTarget.value })}>
            {types.map((type) => (
              <option key={type}>{type}</option>
            ))}
          </select>
        </label>
        <Text
          label="Event name"
          hint={draft.type === "track" ? "" : "empty: every one of the type"}
          value={draft.name}
          onInput={(name) => set({ name })}
        />
      </div>
      <div class="pair">
        <Text
          label="Key"
          hint={isNew ? "names the trigger, for good" : "can not be changed"}
          value={draft.key}
          disabled={!isNew}
          invalid={wrong === "key"}
          onInput={(key) => set({ key })}
        />
        <Text
          label="Workflow"
          hint="as the runner knows it"
          value={draft.workflow}
          onInput={(workflow) => set({ workflow })}
        />
      </div>
      {path("recipients", "Recipients", "a path to ids, or JSON")}
      {path("actor", "Actor", "who did it")}
      <DataFields fields={draft.data} list={list} onChange={(data) => set({ data })} />
      <Conditions conditions={draft.when} list={list} onChange={(when) => set({ when })} />
      <details class="more-fields">
        <summary>More</summary>
        <div class="fields">
          {path("tenant", "Tenant", "")}
          {path("cancellationKey", "Cancellation key", "with it the run can be canceled later")}
          <Text
            label="Maximal age of an event"
            hint="such as 24h"
            value={draft.maxEventAge}
            onInput={(maxEventAge) => set({ maxEventAge })}
          />
          <label class="check">
            <input
              type="checkbox"
              checked={draft.excludeActor}
              onChange={(event) => set({ excludeActor: event.currentTarget.checked })}
            />
            Do not notify the actor
          </label>
        </div>
      </details>
    </div>
  );
}

interface TextProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly id?: string;
  readonly list?: string;
  readonly disabled?: boolean;
  readonly invalid?: boolean;
  readonly onInput: (value: string) => void;
}

function Text({ label, hint, value, id, list, disabled = false, invalid = false, onInput }: TextProps) {
  return (
    <label class="field">
      <span>
        {label} {hint && <small class="muted">{hint}</small>}
      </span>
      <input
        type="text"
        id={id}
        list={list}
        class={list === undefined ? "" : "mono"}
        value={value}
        disabled={disabled}
        aria-invalid={invalid}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}
