/** The operators of comparisons without a value; of any other, `null` is one. */
export const takesNoValue: ReadonlySet<string> = new Set(["empty", "not_empty", "exists", "not_exists"]);
