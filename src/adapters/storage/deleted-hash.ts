import { hash } from "node:crypto";

/** All that stays of who was deleted. Groups have a hash of their own, so that a user and a group may share an id. */
export function userHash(environment: string, id: string): string {
  return hashOf([environment, id]);
}

export function groupHash(environment: string, id: string): string {
  return hashOf([environment, id, "group"]);
}

function hashOf(identity: readonly string[]): string {
  return hash("sha256", JSON.stringify(identity));
}
