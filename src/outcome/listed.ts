/** From here on a list costs more than the property that makes it later. */
const minLater = 100;

/** A list that is made when somebody looks at it: of thousands of recipients nearly nobody ever does. */
export abstract class LaterList<Item> {
  readonly length: number;
  #items: readonly Item[] | null = null;

  constructor(length: number) {
    this.length = length;
  }

  /** A short one is made anew each time: to keep it would cost more, wherever what it belongs to is kept. */
  get items(): readonly Item[] {
    if (this.length < minLater) return this.make();
    this.#items ??= this.make();
    return this.#items;
  }

  protected abstract make(): readonly Item[];
}

class MappedList<From, Item> extends LaterList<Item> {
  readonly #from: Listed<From>;
  readonly #toItem: (from: From) => Item;

  constructor(from: Listed<From>, toItem: (from: From) => Item) {
    super(from.length);
    this.#from = from;
    this.#toItem = toItem;
  }

  protected override make(): readonly Item[] {
    return itemsOf(this.#from).map((item) => this.#toItem(item));
  }
}

export type Listed<Item> = readonly Item[] | LaterList<Item>;

export function itemsOf<Item>(listed: Listed<Item>): readonly Item[] {
  return listed instanceof LaterList ? listed.items : listed;
}

export function mapLater<From, Item>(from: Listed<From>, toItem: (from: From) => Item): LaterList<Item> {
  return new MappedList(from, toItem);
}

/** Later where that is the cheaper way. */
export function mapListed<From, Item>(from: Listed<From>, toItem: (from: From) => Item): Listed<Item> {
  return from.length < minLater ? itemsOf(from).map((item) => toItem(item)) : mapLater(from, toItem);
}

/** A property like any other to whoever reads, lists or compares it. */
export function listLater<Name extends string>(
  owner: { readonly [Key in Name]: readonly unknown[] },
  name: Name,
  list: LaterList<unknown>,
): void {
  Object.defineProperty(owner, name, { configurable: true, enumerable: true, get: () => list.items });
}
