import { isJsonObject } from "../core/json.js";
import type { EventNameCount } from "../storage/event-name-count.js";
import type { InEnvironment } from "./in-environment.js";
import { createShape, type ObservedShape, observe } from "./observed-shape.js";
import type { SegmentSource } from "./segment-source.js";
import { shapeToZod } from "./shape-to-zod.js";

export interface InferEventsOptions extends InEnvironment {
  /** Stored events of each name that are looked at, newest first. @default 500 */
  readonly maxEvents?: number | undefined;
  /** Names that are written, most recently seen first. @default 200 */
  readonly maxNames?: number | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const pageSize = 100;

/**
 * Writes a file of `defineEvent`s, with zod, from the track events that were really received: a start to be read and edited. What
 * was not in every event is optional; what came as several things is a union.
 *
 * @param events of a source: `source.events`
 * @returns TypeScript
 */
export async function inferEvents(
  events: Pick<SegmentSource["events"], "list" | "names">,
  options: InferEventsOptions = {},
): Promise<string> {
  const { maxEvents = 500, maxNames = 200, onProgress, environment, signal } = options;
  const received = (await events.names({ environment, signal })).filter(({ type }) => type === "track");
  const chosen = received.slice(0, maxNames);
  const taken = new Set<string>();
  const definitions: string[] = [];
  for (const [index, count] of chosen.entries()) {
    if (count.name === null) continue;
    const shape = await observeEvents(events, count.name, maxEvents, { environment, signal });
    definitions.push(definitionOf(count.name, count, shape, taken));
    onProgress?.(index + 1, chosen.length);
  }
  const more = received.length - chosen.length;
  const rest = more > 0 ? `\n// ${more} more names were received; inferEvents(…, { maxNames }) writes them too.\n` : "";
  return `import { defineEvent } from "bellwire";\nimport { z } from "zod";\n${definitions.join("")}${rest}`;
}

async function observeEvents(
  events: Pick<SegmentSource["events"], "list">,
  name: string,
  maxEvents: number,
  call: InEnvironment,
): Promise<ObservedShape> {
  const shape = createShape();
  let left = maxEvents;
  let cursor: string | undefined;
  do {
    const limit = Math.min(pageSize, left);
    const page = await events.list({ ...call, type: "track", name, limit, cursor });
    for (const { record } of page.items) {
      if (!isJsonObject(record.payload) || record.status === "invalid") continue;
      const properties = record.payload["properties"] ?? {};
      observe(shape, isJsonObject(properties) ? properties : {});
    }
    left -= page.items.length;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && left > 0);
  return shape;
}

/** Names come from outside: they stand in the file as JSON text and nowhere else. */
function definitionOf(name: string, received: EventNameCount, shape: ObservedShape, taken: Set<string>): string {
  const times = received.count === 1 ? "once" : `${received.count} times`;
  const lastSeen = received.lastSeenAt.toISOString().slice(0, 10);
  const unknown = shape.objects === 0 ? " No payload of it is kept." : "";
  const schema = shape.objects === 0 ? "z.looseObject({})" : shapeToZod(shape, "  ");
  return `
/** Received ${times}, last on ${lastSeen}.${unknown} */
export const ${identifierOf(name, taken)} = defineEvent(
  ${JSON.stringify(name)},
  ${schema},
);
`;
}

/** `Comment Created` is `commentCreated`; of two names that would be one, the second has a number. */
function identifierOf(name: string, taken: Set<string>): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
  const camel = words
    .map((word, index) => {
      const rest = /^[\p{Lu}\p{N}]+$/u.test(word) ? word.slice(1).toLowerCase() : word.slice(1);
      return (index === 0 ? word.charAt(0).toLowerCase() : word.charAt(0).toUpperCase()) + rest;
    })
    .join("")
    .slice(0, 60);
  // A digit can not come first, and words such as `delete` and `new` are taken.
  const base =
    /^\p{ID_Start}\p{ID_Continue}*$/u.test(camel) && !reserved.has(camel) ? camel : `event${capitalized(camel)}`;
  let identifier = base;
  for (let number = 2; taken.has(identifier); number += 1) identifier = `${base}${number}`;
  taken.add(identifier);
  return identifier;
}

function capitalized(text: string): string {
  const legal = text.replace(/[^\p{ID_Continue}]/gu, "");
  return legal.charAt(0).toUpperCase() + legal.slice(1);
}

const reserved: ReadonlySet<string> = new Set(
  "await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield arguments eval z defineEvent".split(
    " ",
  ),
);
