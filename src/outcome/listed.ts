/** A list that is made when somebody first looks at it: of thousands of recipients nearly nobody ever does. */
export class LaterList<Item> {
  readonly length: number;
  readonly #make: () => readonly Item[];
  #items: readonly Item[] | null = null;

  constructor(length: number, make: () => readonly Item[]) {
    this.length = length;
    this.#make = make;
  }

  get items(): readonly Item[] {
    this.#items ??= this.#make();
    return this.#items;
  }
}

export type Listed<Item> = readonly Item[] | LaterList<Item>;

export function itemsOf<Item>(listed: Listed<Item>): readonly Item[] {
  return listed instanceof LaterList ? listed.items : listed;
}

/** From here on a list costs more than the property that makes it later. */
const minLater = 100;

export function mapListed<Item, Result>(items: Listed<Item>, toResult: (item: Item) => Result): Listed<Result> {
  const { length } = items;
  return length < minLater ? itemsOf(items).map(toResult) : new LaterList(length, () => itemsOf(items).map(toResult));
}

/** A property like any other to whoever reads, lists or compares it. */
export function listLater<Name extends string>(
  owner: { readonly [Key in Name]: readonly unknown[] },
  name: Name,
  list: LaterList<unknown>,
): void {
  Object.defineProperty(owner, name, { configurable: true, enumerable: true, get: () => list.items });
}
