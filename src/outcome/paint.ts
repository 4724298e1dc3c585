/** Colors a text for a terminal, or leaves it as it is. */
export type Paint = (color: Color, text: string) => string;

export type Color = keyof typeof codes;

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export function createPaint(isColored: boolean): Paint {
  return isColored ? (color, text) => `\u001b[${codes[color]}m${text}\u001b[0m` : (_, text) => text;
}

/** Ids, names and values come from outside: a control character in one must not move the cursor or forge a line. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
