/** Nothing in it that JSON has an escape for. */
const ordinary = /^[ !#-[\]-~]*$/;

/**
 * Text as a database can keep it. Ids and names come from outside and may hold NUL or lone surrogates, which databases refuse or
 * change silently; JSON's escapes carry them, and leave ordinary text as it is. Reversible, and equal texts stay equal.
 */
export function toStoredText(text: string): string {
  if (ordinary.test(text)) return text;
  return JSON.stringify(text).slice(1, -1);
}

export function fromStoredText(stored: string): string {
  return String(JSON.parse(`"${stored}"`));
}

export function toStoredTextOrNull(text: string | null): string | null {
  return text === null ? null : toStoredText(text);
}

/** Between which texts, in the order of their bytes, those stand that start with `prefix`, as they are stored. */
export function prefixRange(prefix: string): readonly [from: string, before: string] {
  const stored = toStoredText(prefix);
  return [stored, `${stored}\u{10ffff}`];
}
