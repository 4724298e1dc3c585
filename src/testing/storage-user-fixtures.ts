import type { UserAttributes, UserChange } from "../users/user.js";
import { environment, powerOf, second, type UsersUnderTest } from "./storage-fixtures.js";

type Users = UsersUnderTest["storage"];

export function change(at: number, attributes: UserAttributes, id = "ada"): UserChange {
  return { id, at: second(at), attributes };
}

export function update({ users }: Users, ...changes: readonly UserChange[]) {
  return users.update({ environment, changes });
}

export async function statuses(updating: ReturnType<typeof update>) {
  return (await updating).map((user) => user.status);
}

export async function find({ users }: Users, id = "ada") {
  return (await users.find({ environment, ids: [id] }))[0] ?? null;
}

export function known({ users }: Users) {
  return powerOf(users, "known");
}
