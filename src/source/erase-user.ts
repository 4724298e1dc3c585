import { knownUsers } from "./known-users.js";
import type { SourceContext } from "./source-context.js";

const pageSize = 1_000;

export interface Erasure {
  readonly id: string;
  readonly at: Date;
  /** What was said or happened after `at` stays: the deletion may come late, or for the second time. */
  readonly sparesLater: boolean;
}

export interface ErasedUser {
  readonly wasKnown: boolean;
  /** Nobody's any more; none where somebody is known under the id because of what was said later. */
  readonly gone: readonly string[];
}

/**
 * Erases a user: first the hashes are kept by which storage refuses whatever else is recorded of them, then events, memberships and
 * mentions go, and the user last, with the list of their ids. Memberships under all their ids go before mentions under any are
 * searched: a run made for a member by one id may name another, and none is made for who is no member. Interrupted, it may be begun
 * again.
 */
export async function eraseUser(context: SourceContext, environment: string, erasure: Erasure): Promise<ErasedUser> {
  const { id, at, sparesLater } = erasure;
  const { storageCall, options } = context;
  const { users, events } = options.storage;
  const params = { environment, id, at, sparesLater };
  const deleteUser = () => storageCall("users.delete", (signal) => users.delete({ ...params, signal }));
  // The hash is kept by this too, also where users are kept elsewhere.
  await storageCall("events.erase", (signal) => events.erase({ environment, userId: id, at, signal }));
  const deleted = users.markDeleted === undefined ? await deleteUser() : null;
  const marked =
    deleted ??
    (await storageCall("users.markDeleted", async (signal) => users.markDeleted?.({ ...params, signal }))) ??
    [];
  const all = new Set([id, ...marked]);
  await eraseAll(context, environment, [...all], erasure);
  const ids = deleted ?? (await deleteUser());
  const others = ids.filter((each) => !all.has(each));
  if (others.length > 0) await eraseAll(context, environment, others, erasure);
  // Only an engine that is to forget whoever is gone needs to know whether somebody is left.
  const mayBeKnown = sparesLater && ids.length === 0 && options.runner.forget !== undefined;
  const isKnown = mayBeKnown && (await knownUsers(context, environment, [id])).size > 0;
  return { wasKnown: ids.length > 0, gone: isKnown ? [] : [...all, ...others] };
}

/** What is kept under any of these ids. */
async function eraseAll(
  { options, storageCall }: SourceContext,
  environment: string,
  userIds: readonly string[],
  { id, at, sparesLater }: Erasure,
): Promise<void> {
  const { events, groups } = options.storage;
  for (const userId of userIds) {
    if (userId !== id) await storageCall("events.erase", (signal) => events.erase({ environment, userId, at, signal }));
    const membership = { environment, userId, until: sparesLater ? at : undefined };
    await storageCall("groups.eraseMember", (signal) => groups.eraseMember({ ...membership, signal }));
  }
  let cursor: string | undefined;
  do {
    const page = await storageCall("events.eraseMentions", (signal) =>
      events.eraseMentions({ environment, userIds, at, limit: pageSize, signal, cursor }),
    );
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
