import { expect, it } from "vitest";
import { subpaths } from "../support/packed.js";
import { readme } from "../support/readme.js";
import { measureBundle } from "../support/size.js";

const kilobyte = 1_024;

/** Of the library's own code, compressed; and the packages that come with it. */
const budgets: Readonly<Record<string, readonly [kilobytes: number, packages: readonly string[]]>> = {
  bellwire: [72, ["eventemitter3", "jsonpath-plus", "zod/mini"]],
  "bellwire/express": [11, []],
  "bellwire/koa": [11, []],
  "bellwire/fastify": [11, []],
  "bellwire/fetch": [10, []],
  "bellwire/postgres": [25, []],
  "bellwire/sqlite": [17, []],
  "bellwire/http-runner": [5, ["standardwebhooks"]],
  "bellwire/novu": [6, []],
  "bellwire/courier": [6, []],
  "bellwire/opentelemetry": [4, ["@opentelemetry/api"]],
  "bellwire/testing": [88, ["eventemitter3", "jsonpath-plus", "zod/mini"]],
  "bellwire/testing/matchers": [6, []],
  "bellwire/console": [66, ["jsonpath-plus", "zod/mini"]],
};
const budgetOfOthers = [5, []] as const;

it.each(subpaths)("%s stays within its budget, brings what it must, and no bundler warns of it", async (subpath) => {
  const [kilobytes, packages] = budgets[subpath] ?? budgetOfOthers;
  const measured = await measureBundle(subpath);
  expect(measured.gzip).toBeLessThan(kilobytes * kilobyte);
  expect(measured.packages).toEqual(packages);
  expect(measured.warnings).toEqual([]);
});

it.each(["bellwire", "bellwire/postgres", "bellwire/sqlite", "bellwire/console"])(
  "the README tells the size of %s as it is",
  async (subpath) => {
    const [, own, whole] = new RegExp(`^\\| \`${subpath}\` \\| (\\d+) KB \\| (\\d+) KB \\|$`, "m").exec(readme) ?? [];
    const measured = await measureBundle(subpath);
    expect(Math.abs(measured.gzip / kilobyte - Number(own))).toBeLessThan(2);
    expect(Math.abs(measured.gzipWithPackages / kilobyte - Number(whole))).toBeLessThan(4);
  },
);
