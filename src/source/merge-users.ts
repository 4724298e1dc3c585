import type { SourceContext } from "./source-context.js";

export interface UsersToMerge {
  readonly from: string;
  readonly into: string;
  /** When it was said; without it they are merged whoever was deleted. */
  readonly at?: Date;
}

/**
 * Merges users where they are kept, and their memberships.
 * @returns `false` when one of them was deleted since it was said
 */
export async function mergeUsers(
  { options, storageCall }: SourceContext,
  environment: string,
  { from, into, at }: UsersToMerge,
): Promise<boolean> {
  const { users, groups } = options.storage;
  const merge = await storageCall("users.merge", async (signal) =>
    users.merge?.({ environment, from, into, at, signal }),
  );
  if (merge?.status === "deleted") return false;
  await storageCall("groups.moveMember", (signal) => groups.moveMember({ environment, from, into, signal }));
  return true;
}
