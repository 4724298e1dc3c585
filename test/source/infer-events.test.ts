import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { defineTrigger, type EventDefinition, inferEvents } from "bellwire";
import { createTestSource, identify, page, track } from "bellwire/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createShape, observe } from "../../src/source/observed-shape.js";
import { shapeToZod } from "../../src/source/shape-to-zod.js";
import { root } from "../support/packed.js";

const folder = join(dirname(fileURLToPath(import.meta.url)), "inferred");
const comments = [
  {
    title: "Hi",
    private: true,
    commenter: { id: 7, team: null },
    mentioned: ["ada", { id: "grace", email: "g@x.dev" }],
    labels: [],
  },
  { title: "Ho", commenter: { id: "8", team: "core" }, mentioned: [], "due-date": "2026-03-01", labels: [] },
  {
    title: "Hu",
    commenter: { id: 9, team: "core" },
    mentioned: [3],
    items: [{ sku: "a", sizes: [1] }, { sku: "b" }],
    labels: [],
  },
];
const strange = [
  "new",
  "2 Fast 2 Furious",
  "signed_up",
  "Signed Up",
  "日本語 イベント",
  '*/ alert("x") /*',
  "`$" + "{process.exit(1)}`",
  "👋",
  "z",
];

beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function inferred() {
  const { source, send } = createTestSource();
  await send(
    ...comments.map((properties) => track("Comment Created", properties)),
    ...strange.map((name) => track(name, { plan: "pro" })),
    ...Array.from({ length: 30 }, (_, index) => track("Usage Reported", { byDay: { [`2026-01-${index}`]: index } })),
    track("Comment Created", { title: 3 } as never, { messageId: "" }),
    identify("ada", { plan: "pro" }),
    page("Pricing"),
    { type: "bogus" },
  );
  return { source, text: await inferEvents(source.events) };
}

describe("inferEvents", () => {
  it("writes what was really received", async () => {
    const { text } = await inferred();
    const definition = text.split("\n\n").find((part) => part.includes("commentCreated"));
    expect(definition?.split("\n").slice(1).join("\n")).toBe(`export const commentCreated = defineEvent(
  "Comment Created",
  z.object({
    title: z.union([z.string(), z.number()]),
    commenter: z.object({
      id: z.union([z.string(), z.number()]),
      team: z.string().nullable(),
    }).optional(),
    labels: z.array(z.unknown()).optional(),
    mentioned: z.array(z.union([z.string(), z.number(), z.object({
      email: z.string(),
      id: z.string(),
    })])).optional(),
    "due-date": z.string().optional(),
    items: z.array(z.object({
      sku: z.string(),
      sizes: z.array(z.number()).optional(),
    })).optional(),
    private: z.boolean().optional(),
  }),
);`);
    expect(text).toContain("Received 4 times, last on 20");
    expect(text).toContain("byDay: z.record(z.string(), z.number())");
    expect(text).not.toContain("Pricing");
  });

  it("compiles, and what was received fits it", { timeout: 120_000 }, async () => {
    const { source, text } = await inferred();
    const path = join(folder, "events.ts");
    const trigger = `\nexport const trigger = defineTrigger({ key: "k", event: commentCreated, workflow: "w", recipients: "properties.mentioned" });`;
    writeFileSync(path, `import { defineTrigger } from "bellwire";\n${text}${trigger}`);
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: join(root, "tsconfig.json"), include: ["./*.ts"] }),
    );
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const compiled = await promisify(execFile)(process.execPath, [tsc, "-p", folder]).catch(
      (error: { stdout: string }) => error,
    );
    expect(compiled.stdout).toBe("");

    const module: Record<string, unknown> = await import(pathToFileURL(path).href);
    const definitions = Object.values(module).filter((value): value is EventDefinition =>
      Object.hasOwn(value as object, "schema"),
    );
    expect(definitions.map(({ name }) => name).sort()).toEqual(
      [...strange, "Comment Created", "Usage Reported"].sort(),
    );
    expect(Object.keys(module)).toEqual(
      expect.arrayContaining(["eventNew", "signedUp", "signedUp2", "event2Fast2Furious"]),
    );
    const triggers = definitions.map((event, index) =>
      defineTrigger({ key: `t-${index}`, event, workflow: "w", recipients: { "@literal": "ada" } }),
    );
    const { items } = await source.events.list({ type: "track", limit: 100 });
    const payloads = items.map(({ record }) => record.payload);
    const { events } = await createTestSource({ triggers, users: ["ada"] }).send(...payloads);
    expect(events.map((event) => event.triggers.map(({ status }) => status))).toEqual(
      payloads.map(() => ["triggered"]),
    );
  });

  it("of what it is not told it says so, and stops where it is told to", async () => {
    const { source, send } = createTestSource({ recordPayload: "none" });
    await send(track("Signed Up", { plan: "pro" }), track("Left"));
    const done: [number, number][] = [];
    const text = await inferEvents(source.events, { maxNames: 1, onProgress: (...progress) => done.push(progress) });
    expect(text).toContain("No payload of it is kept.");
    expect(text).toContain("1 more names were received");
    expect(done).toEqual([[1, 1]]);
  });
});

it("whatever JSON comes, what was observed fits the schema that is made of it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 10 })), { minLength: 1, maxLength: 8 }),
      (objects) => {
        const shape = createShape();
        const values = JSON.parse(JSON.stringify(objects));
        for (const value of values) observe(shape, value);
        const schema = new Function("z", `return ${shapeToZod(shape)}`)(z) as z.ZodType;
        for (const value of values) expect(schema.safeParse(value).error).toBeUndefined();
      },
    ),
    { numRuns: 200 },
  );
});
