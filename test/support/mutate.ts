import { fileURLToPath } from "node:url";
import { mutants } from "../faults/mutants.js";

/** Makes one mistake in the sources that the tests load; nothing on disk is changed. */
export function mutate(name: string) {
  const mutant = mutants.find((each) => each.name === name);
  if (mutant === undefined) throw new Error(`There is no mutant ${JSON.stringify(name)}.`);
  const path = fileURLToPath(new URL(`../../src/${mutant.file}`, import.meta.url));
  return {
    name: "mutate",
    enforce: "pre" as const,
    transform: (code: string, id: string) =>
      id === path ? code.replace(mutant.find, () => mutant.replace) : undefined,
  };
}
