import type { JsonValue, PreviewRow, PreviewView } from "../../protocol.js";
import { words } from "../format.js";
import { Empty, Loading, Problem, Status, Time } from "../ui/basics.js";

interface PreviewProps {
  readonly preview: PreviewView | null;
  readonly error: Error | null;
  readonly name: string;
}

/** What the trigger, as it is written just now, would make of the newest events that it listens to. */
export function TriggerPreview({ preview, error, name }: PreviewProps) {
  const rows = preview?.rows ?? [];
  const reached = rows.filter((row) => row.status !== "skipped" && row.status !== "failed").length;
  return (
    <section class="preview" aria-label="Preview" aria-live="polite">
      <header>
        <h2>Preview</h2>
        {rows.length > 0 && (
          <p class="muted">
            {reached} of the last {rows.length} {rows.length === 1 ? "event" : "events"} would start a run
          </p>
        )}
      </header>
      {error !== null && <Problem error={error} />}
      {preview === null && error === null && <Loading />}
      {preview?.problem !== null && preview !== null && (
        <p class="muted">The preview goes on once the definition is in order.</p>
      )}
      {preview !== null && preview.problem === null && rows.length === 0 && (
        <Empty title={name === "" ? "Which event?" : `No ${name} was received here`}>
          <p>Once there are some, what the trigger makes of the last 20 is shown here as you write.</p>
        </Empty>
      )}
      <ol class="preview-rows">
        {rows.map((row) => (
          <Row key={row.messageId} row={row} />
        ))}
      </ol>
    </section>
  );
}

function Row({ row }: { readonly row: PreviewRow }) {
  return (
    <li>
      <header>
        <span class="mono muted">
          <Time at={row.receivedAt} />
        </span>
        <span class="mono muted cut">{row.messageId}</span>
        <Status value={row.status === "pending" ? "would run" : row.status === "held" ? "would be held" : row.status} />
      </header>
      {row.reason !== null && (
        <p>
          <b>{words(row.reason)}</b> {row.detail?.message}
        </p>
      )}
      {row.notes.map((note) => (
        <p key={note.field} class="warn">
          {note.message}
        </p>
      ))}
      {row.recipients.length > 0 && (
        <p class="recipients-line">
          <span class="muted">to</span>{" "}
          {row.recipients.slice(0, 12).map((one) => (
            <span key={one.recipient} class={`chip ${one.reason === null ? "good" : "warn"}`}>
              {one.recipient}
              {one.reason !== null && (
                <span class="muted"> {one.status === "held" ? "held until identified" : words(one.reason)}</span>
              )}
            </span>
          ))}
          {row.recipients.length > 12 && <span class="muted">and {row.recipients.length - 12} more</span>}
        </p>
      )}
      <Value name="actor" value={row.actor} />
      <Value name="tenant" value={row.tenant} />
      <Value name="data" value={row.data} />
    </li>
  );
}

function Value({ name, value }: { readonly name: string; readonly value: JsonValue }) {
  if (value === null) return null;
  return (
    <p class="cut">
      <span class="muted">{name}</span> <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>
    </p>
  );
}
