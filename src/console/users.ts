import type { User } from "../users/user.js";
import { type Call, type Endpoints, limitOf, optional, textOf } from "./call.js";
import { maskId, maskJson } from "./masking.js";
import { mask, type UserPage, type UserView } from "./protocol.js";
import { ConsoleRefusal } from "./refusal.js";

export const userEndpoints: Endpoints = {
  "GET users": { role: "view", handle: listUsers },
  "GET user": { role: "view", handle: getUser },
  "POST users/delete": { role: "operate", handle: deleteUser },
};

async function listUsers({ source, environment, query, reveal, signal }: Call): Promise<UserPage> {
  const search = optional(query, "search");
  // Who may not see an address may not find out either whether somebody has it.
  if (search?.includes("@") === true && !reveal) return { users: [], nextCursor: null };
  const { items, nextCursor } = await source.users.list({
    environment,
    limit: limitOf(query, 100, 500),
    search,
    cursor: optional(query, "cursor"),
    signal,
  });
  return { users: items.map((user) => toView(user, reveal)), nextCursor };
}

async function getUser({ source, environment, query, reveal, signal }: Call): Promise<UserView> {
  const id = textOf(query.get("id"), "id");
  const user = await source.users.get(id, { environment, signal });
  if (user === null) {
    throw new ConsoleRefusal(404, "not_found", "No identify event, and no inline recipient, has told of this user.");
  }
  const history = await source.users.history(user.id, { environment, signal });
  return {
    ...toView(user, reveal),
    history:
      history === null
        ? null
        : history.map(({ path, value, at }) => ({
            path,
            value: reveal ? value : maskJson(value),
            at: at.toISOString(),
          })),
  };
}

function toView(user: User, reveal: boolean): Omit<UserView, "history"> {
  const shown = (value: string | null) => (value === null || reveal ? value : mask);
  return {
    id: reveal ? user.id : maskId(user.id),
    email: shown(user.email),
    phoneNumber: shown(user.phoneNumber),
    avatar: shown(user.avatar),
    name: shown(user.name),
    locale: user.locale,
    timezone: user.timezone,
    createdAt: user.createdAt?.toISOString() ?? null,
    properties: reveal ? user.properties : maskJson(user.properties),
  };
}

async function deleteUser({ source, environment, input, user, signal }: Call): Promise<{ readonly deleted: boolean }> {
  const id = textOf(input["id"], "id");
  return { deleted: await source.users.delete(id, { environment, by: user.name, signal }) };
}
