import { createSecretKey } from "node:crypto";
import { hmacAndParse, type SignedBody, secret } from "../events.js";
import type { BenchCase } from "../measure.js";

const key = createSecretKey(secret, "utf8");

type FreshBodies = () => readonly SignedBody[];

/** What cannot be done without. */
export function signedFloor(freshBodies: FreshBodies): BenchCase {
  return {
    name: "HMAC and JSON.parse",
    role: "floor",
    prepare: async () => {
      const bodies = freshBodies();
      return () => {
        for (const body of bodies) hmacAndParse(body, key);
      };
    },
  };
}

/** One receiver for all rounds, as in a process that lives long; new events for each, since a message id counts once. */
export function signedCase(
  name: string,
  role: BenchCase["role"],
  freshBodies: FreshBodies,
  handle: (body: SignedBody) => Promise<unknown>,
): BenchCase {
  return {
    name,
    role,
    prepare: async () => {
      const bodies = freshBodies();
      return async () => {
        for (const body of bodies) await handle(body);
      };
    },
  };
}
