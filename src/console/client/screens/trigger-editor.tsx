import { useMemo, useState } from "preact/hooks";
import type { EventView, JsonObject, JsonValue, PreviewView, TriggerView } from "../../protocol.js";
import { get, post } from "../api.js";
import { useApp } from "../app-context.js";
import { isObject } from "../is-object.js";
import { navigate, pathTo } from "../location.js";
import { pathsOf } from "../paths.js";
import { draftFor, emptyDraft, type TriggerDraft, toDefinition, toDraft } from "../trigger-draft.js";
import { Link, Loading, Problem } from "../ui/basics.js";
import { Icon } from "../ui/icon.js";
import { useQuery, useSettled } from "../use-query.js";
import { CompareAndSave } from "./compare-and-save.js";
import { TriggerForm, type Writing } from "./trigger-form.js";
import { TriggerPreview } from "./trigger-preview.js";

interface EditorProps {
  /** The stored trigger that is edited; `null` for a new one. */
  readonly replaces: TriggerView | null;
  /** Keys that are in use. */
  readonly taken: readonly string[];
}

/** Loads what a draft begins with: the trigger that is edited, or the event that a new one is made from. */
export function TriggerEditor({ replaces, taken }: EditorProps) {
  const { place, location } = useApp();
  const from = location.query.get("from");
  const event = useQuery<EventView | null>(JSON.stringify([place, from]), async (signal) =>
    from === null ? null : get<EventView>(place, "event", { id: from }, signal),
  );
  if (event.error !== null) return <Problem error={event.error} retry={event.reload} />;
  if (from !== null && event.data === null) return <Loading />;
  const { row = null, payload = null } = event.data ?? {};
  const type = row?.type ?? location.query.get("type") ?? "track";
  const name = row?.name ?? location.query.get("name") ?? "";
  const first = name === "" && row === null ? emptyDraft : draftFor(type, name, payload, taken);
  return <Editor first={first} replaces={replaces} taken={taken} payload={payload} />;
}

function Editor({
  first,
  replaces,
  taken,
  payload,
}: EditorProps & { readonly first: TriggerDraft; readonly payload: JsonValue }) {
  const { place } = useApp();
  const [writing, setWriting] = useState<Writing>(() => begin(first, replaces));
  const [comparing, setComparing] = useState(false);
  const definition = useMemo(() => definitionOf(writing), [writing]);
  const settled = useSettled(definition, 250);
  const preview = useQuery<PreviewView | null>(JSON.stringify([place, settled]), async (signal) =>
    settled === null ? null : post<PreviewView>(place, "triggers/preview", { definition: settled }, signal),
  );
  const sample = useSample(payload, preview.data);
  const problem = ownProblem(definition, replaces, taken) ?? preview.data?.problem ?? null;
  return (
    <div class="editor">
      <header class="bar">
        <Link class="bare" href={pathTo(place, "triggers")} aria-label="Back to the triggers">
          <Icon name="back" />
        </Link>
        <h1>{replaces === null ? "New trigger" : `Edit ${replaces.key}`}</h1>
        <button
          type="button"
          class="primary"
          disabled={problem !== null || preview.data === null}
          onClick={() => setComparing(true)}
        >
          Compare and save…
        </button>
      </header>
      <div class="editor-body">
        <TriggerForm
          writing={writing}
          isNew={replaces === null}
          problem={problem}
          paths={pathsOf(sample)}
          sample={sample}
          onChange={setWriting}
          form={toForm(writing)}
          onJson={() => setWriting(toJson)}
        />
        <TriggerPreview preview={preview.data} error={preview.error} name={writing.draft.name} />
      </div>
      {comparing && definition !== null && (
        <CompareAndSave
          definition={definition}
          replaces={replaces}
          onClose={() => setComparing(false)}
          onSaved={(key) => navigate(pathTo(place, "triggers", { trigger: key }))}
        />
      )}
    </div>
  );
}

/** An event to take paths from: the one the trigger is made from, or else the newest that it listens to. */
function useSample(payload: JsonValue, preview: PreviewView | null): JsonValue {
  const { place } = useApp();
  const id = payload === null ? (preview?.rows[0]?.messageId ?? null) : null;
  const newest = useQuery<EventView | null>(JSON.stringify([place, id]), async (signal) =>
    id === null ? null : get<EventView>(place, "event", { id }, signal),
  );
  return payload ?? newest.data?.payload ?? null;
}

function begin(first: TriggerDraft, replaces: TriggerView | null): Writing {
  if (replaces === null) return { draft: first, json: null };
  const draft = toDraft(replaces.definition);
  return draft === null
    ? { draft: emptyDraft, json: JSON.stringify(replaces.definition, null, 2) }
    : { draft, json: null };
}

function definitionOf({ draft, json }: Writing): JsonObject | null {
  return json === null ? toDefinition(draft) : parse(json);
}

/** What the rules of a definition know nothing of. */
function ownProblem(definition: JsonObject | null, replaces: TriggerView | null, taken: readonly string[]) {
  if (definition === null) return { message: "This is not JSON.", field: null };
  const key = String(definition["key"]);
  if (replaces === null)
    return taken.includes(key) ? { message: `key: there is a trigger "${key}" already.`, field: "key" } : null;
  return key === replaces.key ? null : { message: `key: stays "${replaces.key}", for good.`, field: "key" };
}

function parse(text: string): JsonObject | null {
  try {
    const value: JsonValue = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** What the form would show; `null` where it can not say all of what is written. */
function toForm({ draft, json }: Writing): Writing | null {
  if (json === null) return { draft, json };
  const parsed = parse(json);
  const read = parsed === null ? null : toDraft(parsed);
  return read === null ? null : { draft: read, json: null };
}

function toJson({ draft, json }: Writing): Writing {
  return { draft, json: json ?? JSON.stringify(toDefinition(draft), null, 2) };
}
