import type { SourceContext } from "./source-context.js";

const nobody: ReadonlyMap<string, string> = new Map();

/** The known ids among these, each with the id that the user has now; no storage call where none is asked for. */
export function knownUsers(
  context: SourceContext,
  environment: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return Promise.resolve(nobody);
  const { users } = context.options.storage;
  return context.storageCall("users.known", (signal) => users.known({ environment, ids, signal }));
}
