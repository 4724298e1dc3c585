import { countOf, createShape, type ObservedShape } from "./observed-shape.js";

/** A zod schema, as TypeScript, that everything that was observed fits. */
export function shapeToZod(shape: ObservedShape, indent = "", name = ""): string {
  const kinds: string[] = [];
  if (shape.texts > 0) kinds.push("z.string()");
  if (shape.numbers > 0) kinds.push("z.number()");
  // Senders write one id as a number and the next as a text, and both name the same.
  if (shape.numbers > 0 && shape.texts === 0 && isIdName(name)) kinds.unshift("z.string()");
  if (shape.booleans > 0) kinds.push("z.boolean()");
  if (shape.lists > 0) kinds.push(`z.array(${shapeToZod(shape.element ?? createShape(), indent, name)})`);
  if (shape.objects > 0) kinds.push(objectToZod(shape, indent));
  const [first, ...others] = kinds;
  if (first === undefined) return shape.nulls > 0 ? "z.null()" : "z.unknown()";
  const known = others.length === 0 ? first : `z.union([${kinds.join(", ")}])`;
  return shape.nulls > 0 ? `${known}.nullable()` : known;
}

function isIdName(name: string): boolean {
  return /(?:^|[_\s-])ids?$/i.test(name) || /I[dD]s?$/.test(name);
}

function objectToZod(shape: ObservedShape, indent: string): string {
  if (isRecord(shape)) return `z.record(z.string(), ${shapeToZod(merge([...shape.members.values()]), indent)})`;
  const object = shape.isOpen ? "z.looseObject" : "z.object";
  // What is always there comes first.
  const members = [...shape.members].sort(
    ([leftKey, left], [rightKey, right]) => countOf(right) - countOf(left) || (leftKey < rightKey ? -1 : 1),
  );
  const lines = members.map(([key, member]) => {
    const optional = countOf(member) < shape.objects ? ".optional()" : "";
    return `${indent}  ${propertyName(key)}: ${shapeToZod(member, `${indent}  `, key)}${optional},\n`;
  });
  return lines.length === 0 ? `${object}({})` : `${object}({\n${lines.join("")}${indent}})`;
}

/** Keys that are data themselves, such as ids or dates: many of them, each in few of the objects, and all of them looked at. */
function isRecord({ members, objects, isOpen }: ObservedShape): boolean {
  if (isOpen || members.size < 20 || objects < 5) return false;
  const filled = [...members.values()].reduce((sum, member) => sum + countOf(member), 0);
  return filled / (members.size * objects) < 0.25;
}

function propertyName(key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? key : JSON.stringify(key);
}

function merge(shapes: readonly ObservedShape[]): ObservedShape {
  const merged = createShape();
  for (const shape of shapes) {
    merged.texts += shape.texts;
    merged.numbers += shape.numbers;
    merged.booleans += shape.booleans;
    merged.nulls += shape.nulls;
    merged.objects += shape.objects;
    merged.lists += shape.lists;
    merged.isOpen ||= shape.isOpen;
    if (shape.element !== null) merged.element = merge([...(merged.element ? [merged.element] : []), shape.element]);
    for (const [key, member] of shape.members) {
      const known = merged.members.get(key);
      merged.members.set(key, known === undefined ? member : merge([known, member]));
    }
  }
  return merged;
}
