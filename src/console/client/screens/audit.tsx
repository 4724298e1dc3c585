import type { AuditEntry, AuditPage } from "../../protocol.js";
import { get } from "../api.js";
import { useApp } from "../app-context.js";
import { words } from "../format.js";
import { Empty, Loading, Problem, Time } from "../ui/basics.js";
import { More } from "../ui/more.js";
import { type Column, Table } from "../ui/table.js";
import { usePages } from "../use-pages.js";

const columns: readonly Column<AuditEntry>[] = [
  { title: "When", cell: ({ at }) => <Time at={at} /> },
  { title: "Who", cell: ({ by }) => by ?? <span class="muted">not said</span> },
  { title: "What", cell: ({ action }) => <span class="tight">{words(action)}</span> },
  { title: "Of", cell: ({ subject }) => <span class="mono">{subject}</span> },
  {
    title: "Detail",
    cell: ({ detail }) =>
      detail === null || JSON.stringify(detail) === "{}" ? null : <code>{JSON.stringify(detail)}</code>,
  },
];

/** Every change that was made at run time, by whom. */
export function AuditScreen() {
  const { place } = useApp();
  const pages = usePages(JSON.stringify(place), async (cursor, signal) => {
    const { entries, nextCursor } = await get<AuditPage>(place, "audit", { cursor }, signal);
    return { items: entries, nextCursor };
  });
  const { items } = pages;
  return (
    <div class="page">
      <header class="bar">
        <h1>Audit</h1>
      </header>
      {pages.error !== null && <Problem error={pages.error} retry={pages.reload} />}
      {items === null && pages.error === null && <Loading />}
      {items?.length === 0 && (
        <Empty title="Nobody has changed anything yet">
          <p>
            What is switched, saved, replayed, released, dropped or deleted, here or by code, is written down with who
            did it.
          </p>
        </Empty>
      )}
      {items !== null && items.length > 0 && (
        <Table
          label="Changes"
          columns={columns}
          items={items}
          keyOf={(one) => `${one.at} ${one.action} ${one.subject}`}
        />
      )}
      <More of={pages} />
    </div>
  );
}
