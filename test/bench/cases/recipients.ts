import { createSecretKey } from "node:crypto";
import { hmacAndParse, secret, sign, trackEvent } from "../events.js";
import type { Bench } from "../measure.js";
import { createOurs, triggerOn } from "../sources.js";

const key = createSecretKey(secret, "utf8");
const list = <Item>(count: number, make: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => make(index));
const mentioned = list(10_000, (index) => `user-${index}`);
const bodies = list(20, (id) => sign(trackEvent(id, { mentioned })));

export const tenThousandRecipients: Bench = {
  title: "10,000 recipients in one event, all of them known",
  operations: bodies.length,
  cases: [
    {
      name: "HMAC and JSON.parse",
      role: "floor",
      prepare: async () => () => {
        for (const body of bodies) hmacAndParse(body, key);
      },
    },
    {
      name: "bellwire",
      role: "us",
      prepare: async () => {
        const handle = await createOurs([triggerOn("Comment Created", 0)], mentioned);
        return async () => {
          for (const body of bodies) await handle(body);
        };
      },
    },
  ],
  goals: { floors: 5 },
};
