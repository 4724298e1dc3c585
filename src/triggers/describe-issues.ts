import type { Validated } from "./validate.js";

const maxMessage = 300;

interface DescribeIssuesOptions {
  /** What the paths start with. */
  readonly root: string;
  /** Whether the words of an issue may be kept: they may quote what stands at its path. */
  readonly isKept: (path: readonly PropertyKey[]) => boolean;
}

/** What a schema found, as one line and as data. */
export function describeIssues(
  { issues: found, count }: Extract<Validated, { readonly status: "misfit" }>,
  { root, isKept }: DescribeIssuesOptions,
) {
  const issues = found.map(({ message, path }) => ({
    path: [root, ...path.map((key) => String(key).slice(0, 100))].join("."),
    message: isKept(path)
      ? message.slice(0, maxMessage)
      : "does not fit; what the schema says may quote redacted values",
  }));
  const [first] = issues;
  const more = count > 1 ? ` (and ${count - 1} more)` : "";
  return { text: `${first?.path ?? root}: ${first?.message ?? ""}${more}`, issues };
}
