import type { SourceContext } from "./source-context.js";

const pageSize = 1_000;

/**
 * Erases a user: first the hash is kept by which storage refuses whatever else is recorded of them, then user, events, memberships
 * and mentions go. Memberships under all their ids go before mentions under any are searched: a run made for a member by one id may
 * name another, and none is made for who is no member. Interrupted, it may be begun again.
 *
 * @returns the ids that the user was known by; none when they were not known
 */
export async function eraseUser(
  { options, storageCall }: SourceContext,
  environment: string,
  id: string,
  at: Date,
): Promise<readonly string[]> {
  const { users, events, groups } = options.storage;
  const eraseEvents = (userId: string) =>
    storageCall("events.erase", (signal) => events.erase({ environment, userId, at, signal }));
  await eraseEvents(id);
  const ids = await storageCall("users.delete", (signal) => users.delete({ environment, id, at, signal }));
  const all = new Set([id, ...ids]);
  for (const userId of all) {
    if (userId !== id) await eraseEvents(userId);
    await storageCall("groups.eraseMember", (signal) => groups.eraseMember({ environment, userId, signal }));
  }
  for (const userId of all) {
    let cursor: string | undefined;
    do {
      const page = await storageCall("events.eraseMentions", (signal) =>
        events.eraseMentions({ environment, userId, limit: pageSize, signal, cursor }),
      );
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }
  return ids;
}
