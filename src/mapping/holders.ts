import { isJsonObject, type JsonObject } from "../core/json.js";
import { ownMember } from "./own-member.js";

export interface Holders {
  /** The number of what holds the value of a path of names. */
  holderOf(names: readonly string[]): number;
  /** Every holder by its number; `undefined` where the event has no object. */
  reach(root: JsonObject): readonly (JsonObject | undefined)[];
}

/** The objects that values are read from. Paths that begin alike share them: `properties` is reached once for all that is read in it. */
export function createHolders(): Holders {
  /** All but the root, which is number 0. Each stands behind the one that it is a member of. */
  const inner: { readonly holder: number; readonly name: string }[] = [];
  const numbers = new Map<string, number>();
  const member = (holder: number, name: string) => {
    const key = `${holder}.${name}`;
    const number = numbers.get(key) ?? inner.push({ holder, name });
    numbers.set(key, number);
    return number;
  };
  return {
    holderOf: (names) => names.slice(0, -1).reduce(member, 0),
    reach(root) {
      // Of its full length from the start: a list that grows is copied, for every event.
      const holders = new Array<JsonObject | undefined>(inner.length + 1);
      holders[0] = root;
      let number = 0;
      for (const { holder, name } of inner) {
        const value = ownMember(holders[holder], name);
        number += 1;
        holders[number] = isJsonObject(value) ? value : undefined;
      }
      return holders;
    },
  };
}
