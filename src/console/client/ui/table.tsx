import type { ComponentChildren } from "preact";

export interface Column<Item> {
  readonly title: string;
  readonly cell: (item: Item) => ComponentChildren;
  readonly numeric?: boolean;
  /** The title is only for those who hear the page. */
  readonly untitled?: boolean;
}

interface TableProps<Item> {
  readonly label: string;
  readonly columns: readonly Column<Item>[];
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  readonly rowClass?: (item: Item) => string;
}

/** A table; on a narrow screen each row becomes a card that carries the titles along. */
export function Table<Item>({ label, columns, items, keyOf, rowClass }: TableProps<Item>) {
  return (
    <table class="table" aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ title, numeric, untitled }) => (
            <th key={title} scope="col" class={numeric ? "numeric" : ""}>
              <span class={untitled ? "off-screen" : ""}>{title}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={keyOf(item)} class={rowClass?.(item) ?? ""}>
            {columns.map(({ title, cell, numeric, untitled }) => (
              <td key={title} class={numeric ? "numeric" : ""} data-title={untitled ? "" : title}>
                {cell(item)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
