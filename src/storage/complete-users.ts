import type { Storage } from "./storage.js";
import type { UserStore } from "./user-store.js";

/** A store of users with `known`, which `find` stands in for where it is missing; the other powers stay absent where they are. */
export type CompleteUserStore = UserStore & Required<Pick<UserStore, "known">>;

export interface CompleteStorage extends Storage {
  readonly users: CompleteUserStore;
}

export function completeUsers(users: UserStore): CompleteUserStore {
  return {
    update: (params) => users.update(params),
    find: (params) => users.find(params),
    delete: (params) => users.delete(params),
    known:
      users.known?.bind(users) ?? (async (params) => new Map((await users.find(params)).map(({ id }) => [id, id]))),
    ...(users.markDeleted && { markDeleted: users.markDeleted.bind(users) }),
    ...(users.merge && { merge: users.merge.bind(users) }),
    ...(users.updateVisitors && { updateVisitors: users.updateVisitors.bind(users) }),
    ...(users.list && { list: users.list.bind(users) }),
    ...(users.history && { history: users.history.bind(users) }),
  };
}
