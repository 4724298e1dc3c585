import type { Storage } from "./storage.js";
import type { UserStore } from "./user-store.js";

/** A store of users with what stands in for the powers that it does not have; what nothing can stand in for stays absent. */
export interface CompleteUserStore extends UserStore {
  known(...parameters: Parameters<NonNullable<UserStore["known"]>>): Promise<ReadonlyMap<string, string>>;
}

export interface CompleteStorage extends Storage {
  readonly users: CompleteUserStore;
}

export function completeUsers(users: UserStore): CompleteUserStore {
  return {
    update: (params) => users.update(params),
    find: (params) => users.find(params),
    delete: (params) => users.delete(params),
    known: async (params) => {
      if (users.known !== undefined) return users.known(params);
      return new Map((await users.find(params)).map(({ id }) => [id, id]));
    },
    ...(users.markDeleted !== undefined && {
      markDeleted: (params) => users.markDeleted?.(params) ?? Promise.resolve([]),
    }),
    ...(users.merge !== undefined && {
      merge: (params) => users.merge?.(params) ?? Promise.resolve({ status: "merged" }),
    }),
    ...(users.updateVisitors !== undefined && {
      updateVisitors: (params) => users.updateVisitors?.(params) ?? Promise.resolve([]),
    }),
    ...(users.list !== undefined && {
      list: (params) => users.list?.(params) ?? Promise.resolve({ items: [], nextCursor: null }),
    }),
    ...(users.history !== undefined && { history: (params) => users.history?.(params) ?? Promise.resolve(null) }),
  };
}
