/** From here on a list costs more than the property that makes it later. */
const minLazy = 100;

/** A list that is made when somebody looks at it: of thousands of recipients nearly nobody ever does. */
export abstract class LazyList<Item> {
  readonly length: number;
  #items: readonly Item[] | null = null;

  constructor(length: number) {
    this.length = length;
  }

  /** A short one is made anew each time: to keep it would cost more, wherever what it belongs to is kept. */
  get items(): readonly Item[] {
    if (this.length < minLazy) return this.make();
    this.#items ??= this.make();
    return this.#items;
  }

  protected abstract make(): readonly Item[];
}

class MappedList<From, Item> extends LazyList<Item> {
  readonly #from: MaybeLazyList<From>;
  readonly #toItem: (from: From) => Item;

  constructor(from: MaybeLazyList<From>, toItem: (from: From) => Item) {
    super(from.length);
    this.#from = from;
    this.#toItem = toItem;
  }

  protected override make(): readonly Item[] {
    return itemsOf(this.#from).map((item) => this.#toItem(item));
  }
}

export type MaybeLazyList<Item> = readonly Item[] | LazyList<Item>;

export function itemsOf<Item>(list: MaybeLazyList<Item>): readonly Item[] {
  return list instanceof LazyList ? list.items : list;
}

export function mapLazily<From, Item>(from: MaybeLazyList<From>, toItem: (from: From) => Item): LazyList<Item> {
  return new MappedList(from, toItem);
}

/** Later where that is the cheaper way. */
export function mapMaybeLazily<From, Item>(
  from: MaybeLazyList<From>,
  toItem: (from: From) => Item,
): MaybeLazyList<Item> {
  return from.length < minLazy ? itemsOf(from).map((item) => toItem(item)) : mapLazily(from, toItem);
}

/** A property like any other to whoever reads, lists or compares it. */
export function defineLazyList<Name extends string>(
  owner: { readonly [Key in Name]: readonly unknown[] },
  name: Name,
  list: LazyList<unknown>,
): void {
  Object.defineProperty(owner, name, { configurable: true, enumerable: true, get: () => list.items });
}
