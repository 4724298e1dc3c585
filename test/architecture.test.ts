import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/** A file imports only from its own room and from rooms above it. */
const rooms = [
  "core",
  "segment",
  "mapping",
  "recipients",
  "users",
  "outcome",
  "triggers",
  "storage",
  "runner",
  "source",
  "http",
  "adapters/http",
  "adapters/storage",
  "adapters/runners",
  "adapters/telemetry",
  "console/protocol.ts",
  "console/client",
  "console",
  "testing",
  "index.ts",
  "cli",
];

/** All an adapter may know: the ports, the data that passes through them, and nothing of how the source works. */
const openToAdapters = [
  "core/",
  "segment/",
  "mapping/",
  "recipients/",
  "users/",
  "outcome/",
  "storage/group-store.ts",
  "storage/page.ts",
  "storage/retention.ts",
  "storage/audit-store.ts",
  "storage/event-name-count.ts",
  "storage/event-search.ts",
  "storage/run-decision.ts",
  "storage/run-store.ts",
  "storage/scope.ts",
  "storage/storage.ts",
  "storage/timeline.ts",
  "storage/trigger-store.ts",
  "storage/user-store.ts",
  "runner/",
  "http/",
  "source/payload-options.ts",
  "source/segment-source.ts",
];

/** All that the console's client, which runs in a browser, may know of the library. */
const openToClient = ["console/protocol.ts", "console/client/"];

/** Every package that is needed at run time, and the one room that may import it, in one file. */
const packages: Readonly<Record<string, string>> = {
  "zod/mini": "triggers",
  "jsonpath-plus": "mapping",
  eventemitter3: "core",
};

/** Optional peers, and the one room that may import each, in one file. */
const peers: Readonly<Record<string, string>> = {
  standardwebhooks: "adapters/runners",
  "@opentelemetry/api": "adapters/telemetry",
};

/** Packages that are bundled into the command line, and that nobody has to install; the one room that may import each. */
const bundled: Readonly<Record<string, string>> = { commander: "cli" };

/** Packages that are bundled into the console's client; any of its files may import them. */
const bundledIntoClient: readonly string[] = ["preact", "preact/hooks"];

const topLevel = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "examples",
  "package-lock.json",
  "package.json",
  "src",
  "test",
  "tsconfig.json",
  "tsup.config.ts",
];

interface SourceFile {
  /** From `src/`. */
  readonly path: string;
  readonly text: string;
  /** Files of `src/`, then packages; type imports included. */
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => readSource(path.replaceAll("\\", "/")));

function readSource(path: string): SourceFile {
  const text = readFileSync(`${root}src/${path}`, "utf8");
  const specifiers = ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
  const isFile = (specifier: string) => specifier.startsWith(".");
  return {
    path,
    text,
    files: specifiers.filter(isFile).map((to) => sourceOf(posix.join(posix.dirname(path), to))),
    packages: specifiers.filter((specifier) => !isFile(specifier)),
  };
}

/** What a specifier means; the bundle of the client is declared and built, and has no source of its own. */
function sourceOf(specifier: string): string {
  const stem = specifier.replace(/\.js$/, "");
  return (
    [".ts", ".tsx", ".d.ts"].map((end) => stem + end).find((path) => existsSync(`${root}src/${path}`)) ?? `${stem}.ts`
  );
}

function rowOf(path: string): number {
  return rooms.findIndex((room) => path === room || path.startsWith(`${room}/`));
}

function mayImport(from: string, to: string): boolean {
  if (from.startsWith("console/client/")) return openToClient.some((open) => to.startsWith(open));
  if (rowOf(from) === rowOf(to)) return true;
  // The client is a string to the rest of the console.
  if (to.startsWith("console/client/")) return false;
  if (from.startsWith("adapters/")) return openToAdapters.some((open) => to.startsWith(open));
  return rowOf(to) !== -1 && rowOf(to) < rowOf(from);
}

/** A path of imports that ends where it began, or `undefined`. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...trail, file]);
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** Where nodes of a kind stand, as `path:line`. */
function placesOf(kind: ts.SyntaxKind, { path, text }: Pick<SourceFile, "path" | "text">): readonly string[] {
  const kindOfFile = path.endsWith(".tsx") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false, kindOfFile);
  const places: string[] = [];
  const visit = (node: ts.Node): void => {
    if (node.kind === kind) places.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return places;
}

describe("the rules themselves", () => {
  it.each([
    ["core/json.ts", "core/errors.ts", true],
    ["source/a.ts", "segment/parse.ts", true],
    ["segment/parse.ts", "source/a.ts", false],
    ["http/a.ts", "adapters/http/express.ts", false],
    ["adapters/storage/postgres/a.ts", "storage/storage.ts", true],
    ["adapters/storage/postgres/a.ts", "storage/memory-storage.ts", false],
    ["adapters/http/express.ts", "source/segment-source.ts", true],
    ["adapters/http/express.ts", "source/dispatcher.ts", false],
    ["adapters/runners/knock.ts", "adapters/http/express.ts", false],
    ["adapters/runners/knock.ts", "triggers/define-trigger.ts", false],
    ["console/call.ts", "source/compare-triggers.ts", true],
    ["console/call.ts", "console/client/app.tsx", false],
    ["console/client/app.tsx", "console/protocol.ts", true],
    ["console/client/app.tsx", "core/json.ts", false],
    ["index.ts", "adapters/http/express.ts", true],
    ["cli/program.ts", "source/compare-triggers.ts", true],
    ["index.ts", "cli/program.ts", false],
    ["core/json.ts", "elsewhere/a.ts", false],
  ])("%s may import %s: %s", (from, to, expected) => {
    expect(mayImport(from, to)).toBe(expected);
  });

  it("see every form of import", () => {
    const text = `
      import a from "./a.js"; import type { B } from "./b.js"; export * from "./c.js"; export type { D } from "./d.js";
      const e = await import("./e.js"); type F = import("./f.js").F; // import g from "./g.js"
      const h = 'import h from "./h.js"'; import "./i.js";`;
    const found = ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
    expect(found).toEqual(["./a.js", "./b.js", "./c.js", "./d.js", "./e.js", "./f.js", "./i.js"]);
  });

  it("find a cycle", () => {
    const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges));
    expect(findCycle(graph({ a: ["b", "c"], b: ["c"], c: [] }))).toBeUndefined();
    expect(findCycle(graph({ a: ["b"], b: ["c"], c: ["b"] }))).toEqual(["b", "c", "b"]);
  });

  it("find `any` and `!` in code and nowhere else", () => {
    const text = "// any! \nconst many = 'any';\nconst a: any = b!.c;";
    expect(placesOf(ts.SyntaxKind.AnyKeyword, { path: "a.ts", text })).toEqual(["a.ts:3"]);
    expect(placesOf(ts.SyntaxKind.NonNullExpression, { path: "a.ts", text })).toEqual(["a.ts:3"]);
  });
});

describe("src", () => {
  it("has only the rooms of the table", () => {
    expect(sources.map(({ path }) => path).filter((path) => rowOf(path) === -1)).toEqual([]);
  });

  it("imports only files that the table allows", () => {
    const forbidden = sources.flatMap(({ path, files }) =>
      files.filter((to) => !mayImport(path, to)).map((to) => `${path} imports ${to}`),
    );
    expect(forbidden).toEqual([]);
  });

  it("has no cycle of imports", () => {
    expect(findCycle(new Map(sources.map(({ path, files }) => [path, files])))).toBeUndefined();
  });

  it("imports only node's modules, the runtime dependencies and the optional peers", () => {
    const allowed = new Set([
      ...Object.keys({ ...packages, ...peers, ...bundled }),
      ...builtinModules.map((name) => `node:${name}`),
    ]);
    const foreign = sources.flatMap(({ path, packages: used }) =>
      used
        .filter((name) => !allowed.has(name))
        .filter((name) => !(path.startsWith("console/client/") && bundledIntoClient.includes(name)))
        .map((name) => `${path} imports ${name}`),
    );
    expect(foreign).toEqual([]);
  });

  it("declares exactly those dependencies", () => {
    const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
    const imported = Object.keys(packages).map((specifier) => specifier.split("/")[0]);
    expect(Object.keys(dependencies).toSorted()).toEqual(imported.toSorted());
  });

  it("has no peer that it does not import: one that a project has in another version would keep it from installing", () => {
    const { peerDependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
    expect(Object.keys(peerDependencies).sort()).toEqual(Object.keys(peers).sort());
  });

  it.each(Object.entries({ ...packages, ...peers, ...bundled }))("imports %s in one file of %s", (name, room) => {
    const importers = sources.filter((source) => source.packages.includes(name)).map(({ path }) => posix.dirname(path));
    expect(importers).toEqual([room]);
  });

  it("has no folder barrel", () => {
    expect(sources.map(({ path }) => path).filter((path) => /(^|\/)index\.ts$/.test(path))).toEqual(["index.ts"]);
  });

  it("has no file of more than 300 lines", () => {
    const lineCount = (text: string) => text.trimEnd().split("\n").length;
    const long = sources.filter(({ text }) => lineCount(text) > 300);
    expect(long.map(({ path, text }) => `${path}: ${lineCount(text)}`)).toEqual([]);
  });

  it("has no `any`", () => {
    expect(sources.flatMap((source) => placesOf(ts.SyntaxKind.AnyKeyword, source))).toEqual([]);
  });

  it("has no non-null assertion", () => {
    expect(sources.flatMap((source) => placesOf(ts.SyntaxKind.NonNullExpression, source))).toEqual([]);
  });
});

it("keeps the top level of the repository small", () => {
  const ignored = readFileSync(`${root}.gitignore`, "utf8").split("\n").filter(Boolean);
  const isIgnored = (name: string) =>
    ignored.some((pattern) => (pattern.startsWith("*") ? name.endsWith(pattern.slice(1)) : name === pattern));
  const found = readdirSync(root).filter((name) => !name.startsWith(".") && !isIgnored(name));
  expect(found.filter((name) => !topLevel.includes(name))).toEqual([]);
});
