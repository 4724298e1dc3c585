import { useEffect, useState } from "preact/hooks";
import type { RunPage, RunView } from "../../protocol.js";
import { get, post } from "../api.js";
import { useApp } from "../app-context.js";
import { plural } from "../format.js";
import { pathTo, withQuery } from "../location.js";
import { Empty, Link, Loading, Problem, Status, Time } from "../ui/basics.js";
import { Confirm } from "../ui/dialog.js";
import { More } from "../ui/more.js";
import { type Column, Table } from "../ui/table.js";
import { useAction } from "../use-action.js";
import { usePages } from "../use-pages.js";

const kinds = [
  ["held", "Held", "wait until their recipient is identified"],
  [
    "uncertain",
    "Uncertain",
    "may have been sent or not: the engine's idempotency window is over, so a person has to decide",
  ],
  ["dead", "Dead", "were given up after the last attempt"],
  ["failed", "Failed", "were refused for good by the engine"],
  ["pending", "Pending", "are due now, or again after a failure"],
] as const;

const actions = {
  release: {
    label: "Release",
    done: "released",
    says: "They are sent now, as if their recipients had been identified.",
  },
  retry: { label: "Retry", done: "to be sent again", says: "They are sent again under the same idempotency keys." },
  drop: { label: "Drop", done: "dropped", says: "They are never sent. Their events say so." },
} as const;
type Action = keyof typeof actions;

const possible: Readonly<Record<string, readonly Action[]>> = {
  held: ["release", "drop"],
  uncertain: ["retry", "drop"],
  dead: ["retry", "drop"],
  failed: ["retry", "drop"],
  pending: ["drop"],
};

/** Runs that wait for something, or for somebody. */
export function RunsScreen() {
  const { place, location, can } = useApp();
  const status = kinds.find(([kind]) => kind === location.query.get("status"))?.[0] ?? "held";
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asked, setAsked] = useState<Action | null>(null);
  // Another list, another choice.
  useEffect(() => setChosen(new Set()), [status, place.source, place.environment]);
  const pages = usePages(JSON.stringify([place, status]), async (cursor, signal) => {
    const { runs, nextCursor } = await get<RunPage>(place, "runs", { status, cursor }, signal);
    return { items: runs, nextCursor };
  });
  const { items } = pages;
  const toggle = (key: string) => {
    const next = new Set(chosen);
    if (!next.delete(key)) next.add(key);
    setChosen(next);
  };
  return (
    <div class="page">
      <header class="bar">
        <h1>Runs</h1>
      </header>
      <nav class="tabs" aria-label="Kinds of runs">
        {kinds.map(([kind, title]) => (
          <Link
            key={kind}
            href={withQuery(location, { status: kind })}
            aria-current={kind === status ? "page" : undefined}
          >
            {title}
          </Link>
        ))}
      </nav>
      <p class="lead muted">These runs {kinds.find(([kind]) => kind === status)?.[2]}.</p>
      {pages.error !== null && <Problem error={pages.error} retry={pages.reload} />}
      {items === null && pages.error === null && <Loading />}
      {items?.length === 0 && (
        <Empty title={`No run is ${status}`}>{status !== "pending" && <p>Nothing here waits for a person.</p>}</Empty>
      )}
      {items !== null && items.length > 0 && (
        <div>
          {can("operate") && (
            <Bulk
              status={status}
              chosen={chosen}
              all={items}
              onAll={(on) => setChosen(new Set(on ? items.map((run) => run.idempotencyKey) : []))}
              onAct={setAsked}
            />
          )}
          <Table
            label={`Runs that are ${status}`}
            columns={columnsOf({ chosen, toggle, canChoose: can("operate") })}
            items={items}
            keyOf={(run) => run.idempotencyKey}
            rowClass={(run) => (chosen.has(run.idempotencyKey) ? "chosen" : "")}
          />
          <More of={pages} />
        </div>
      )}
      {asked !== null && (
        <Act
          action={asked}
          status={status}
          keys={[...chosen]}
          onClose={() => setAsked(null)}
          onDone={() => {
            setAsked(null);
            setChosen(new Set());
            pages.reload();
          }}
        />
      )}
    </div>
  );
}

interface BulkProps {
  readonly status: string;
  readonly chosen: ReadonlySet<string>;
  readonly all: readonly RunView[];
  readonly onAll: (on: boolean) => void;
  readonly onAct: (action: Action) => void;
}

function Bulk({ status, chosen, all, onAll, onAct }: BulkProps) {
  return (
    <div class="bulk">
      <label>
        <input
          type="checkbox"
          checked={chosen.size === all.length}
          onChange={(event) => onAll(event.currentTarget.checked)}
        />
        {chosen.size === 0 ? "Choose all shown" : `${plural(chosen.size, "run")} chosen`}
      </label>
      {(possible[status] ?? []).map((action) => (
        <button
          key={action}
          type="button"
          class={action === "drop" ? "small danger-text" : "small"}
          disabled={chosen.size === 0}
          onClick={() => onAct(action)}
        >
          {actions[action].label}…
        </button>
      ))}
    </div>
  );
}

interface ChoiceOptions {
  readonly chosen: ReadonlySet<string>;
  readonly toggle: (key: string) => void;
  readonly canChoose: boolean;
}

function columnsOf({ chosen, toggle, canChoose }: ChoiceOptions): readonly Column<RunView>[] {
  const choice: Column<RunView> = {
    title: "Choose",
    untitled: true,
    cell: (run) => (
      <input
        type="checkbox"
        aria-label={`Choose the run of ${run.trigger} for ${run.messageId}`}
        checked={chosen.has(run.idempotencyKey)}
        onChange={() => toggle(run.idempotencyKey)}
      />
    ),
  };
  const columns: readonly Column<RunView>[] = [
    { title: "Trigger", cell: (run) => <RunName run={run} /> },
    { title: "Status", cell: (run) => <Status value={run.status} /> },
    { title: "Event", cell: (run) => <EventOfRun run={run} /> },
    {
      title: "Why",
      cell: (run) => (
        <span>
          {run.waitingFor !== null && run.status === "held" && (
            <span>
              waits for <b class="mono">{run.waitingFor}</b>
            </span>
          )}
          {run.heldUntil !== null && run.status === "held" && (
            <span class="muted">
              {" "}
              ends <Time at={run.heldUntil} relative />
            </span>
          )}
          {run.error !== null && <span class="error-text">{run.error}</span>}
        </span>
      ),
    },
    { title: "Attempts", numeric: true, cell: (run) => run.attempts },
  ];
  return canChoose ? [choice, ...columns] : columns;
}

function RunName({ run }: { readonly run: RunView }) {
  return (
    <span>
      {run.action === "identify" ? "tell the engine of a user" : run.trigger}{" "}
      <span class="muted">→ {run.workflow}</span>
    </span>
  );
}

function EventOfRun({ run }: { readonly run: RunView }) {
  const { place } = useApp();
  return (
    <Link class="mono" href={pathTo(place, "events", { event: run.messageId })}>
      {run.messageId}
    </Link>
  );
}

interface ActProps {
  readonly action: Action;
  readonly status: string;
  readonly keys: readonly string[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function Act({ action, status, keys, onClose, onDone }: ActProps) {
  const { place } = useApp();
  const { busy, failure, run } = useAction({ inDialog: true });
  const { label, says, done } = actions[action];
  const act = async () => {
    const went = await run(async () => {
      const { changed } = await post<{ changed: number }>(place, "runs/act", { action, keys });
      return `${plural(changed, "run")} ${done}`;
    });
    if (went) onDone();
  };
  return (
    <Confirm
      title={`${label} ${plural(keys.length, "run")}?`}
      action={label}
      danger={action === "drop"}
      failure={failure}
      busy={busy}
      onConfirm={act}
      onClose={onClose}
    >
      <p>{says}</p>
      {action === "retry" && status === "uncertain" && (
        <p>
          <b>An earlier attempt may have reached people.</b> The engine no longer remembers these keys, so it can not
          tell: who was notified then is notified twice. Look into the engine's own log before.
        </p>
      )}
    </Confirm>
  );
}
