import type { SchemaIssue } from "./standard-schema.js";

const maxIssues = 20;
const maxMessage = 300;

/** What a schema found, as one line and as data; of many issues the first. @param root what the paths start with */
export function describeIssues(root: string, found: readonly SchemaIssue[]) {
  const issues = found.slice(0, maxIssues).map(({ message, path }) => ({
    path: pathText(root, path),
    message: message.slice(0, maxMessage),
  }));
  const [first] = issues;
  const more = found.length > 1 ? ` (and ${found.length - 1} more)` : "";
  return { text: `${first?.path ?? root}: ${first?.message ?? ""}${more}`, issues };
}

function pathText(root: string, path: SchemaIssue["path"]): string {
  const keys = (path ?? []).map((part) => String(typeof part === "object" ? part.key : part).slice(0, 100));
  return [root, ...keys].join(".");
}
