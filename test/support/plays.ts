import fc from "fast-check";
import { expect } from "vitest";
import { canonicalJson } from "../../src/core/json.js";

/** Something that is asked of a player, and what is answered, without what each is free in. */
export interface Step<Player> {
  readonly name: string;
  readonly make: (player: Player) => Promise<unknown>;
}

export type Steps<Player> = fc.Arbitrary<Step<Player>>;

/** @param make by what was drawn, a step; the name of it tells what that was */
export function stepOf<Player>() {
  return <Drawn>(
    name: string,
    drawn: fc.Arbitrary<Drawn>,
    make: (drawn: Drawn) => Step<Player>["make"],
  ): Steps<Player> =>
    drawn.map((value) => {
      const told = `${name} ${JSON.stringify(value)}`;
      return { name: told, make: make(value), [fc.toStringMethod]: () => told };
    });
}

export function playsOf<Player>(...steps: readonly Steps<Player>[]): fc.Arbitrary<readonly Step<Player>[]> {
  return fc.array(fc.oneof(...steps), { maxLength: 25 });
}

/** Makes the same steps with both, whose answers, and whose state afterwards, are to be the same. */
export async function agree<Player>(
  players: readonly [Player, Player],
  play: readonly Step<Player>[],
  stateOf: (player: Player) => Promise<unknown>,
): Promise<void> {
  const [one, other] = players;
  for (const { name, make } of play) {
    const [answer, expected] = [await make(one), await make(other)];
    expect([name, answer]).toEqual([name, expected]);
    expect([name, await stateOf(one)]).toEqual([name, await stateOf(other)]);
  }
}

/** In one order, and in one form. */
export function sorted(items: readonly unknown[]): readonly string[] {
  return items.map((item) => canonicalJson(JSON.parse(JSON.stringify(item)))).sort();
}

const wanted = process.env["PLAYS"];

/** The same plays each time; `npm run test:plays` makes thousands of others, to look for what is rare. @param share of them that is made */
export function playing(share = 1): { readonly numRuns: number; readonly seed?: number } {
  // fast-check plays for ever where the number is no whole one.
  const numRuns = Math.ceil((wanted === undefined ? 300 : Number(wanted)) * share);
  return wanted === undefined ? { numRuns, seed: 1 } : { numRuns };
}
