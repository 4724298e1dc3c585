/** One thing that was tried. */
export interface Cell {
  readonly row: string;
  readonly column: string;
  readonly ok: boolean;
  readonly text: string;
  /** What was printed, where it failed. */
  readonly output?: string;
}

/** A Markdown table for each set of columns, in the order in which they were tried. */
export function formatMatrix(cells: readonly Cell[]): string {
  const rows = groupBy(cells, ({ row }) => row);
  const tables = groupBy([...rows.values()], (found) => found.map(({ column }) => column).join("|"));
  return [...tables]
    .map(([head, body]) => {
      const columns = head.split("|");
      const lines = body.map((found) => [found[0]?.row, ...found.map(({ ok, text }) => (ok ? text : `**${text}**`))]);
      return [["", ...columns], ["---", ...columns.map(() => "---")], ...lines]
        .map((line) => `| ${line.join(" | ")} |`)
        .join("\n");
    })
    .join("\n\n");
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, readonly Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
