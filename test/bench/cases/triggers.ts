import { createSecretKey } from "node:crypto";
import { hmacAndParse, secret, sign, trackEvent } from "../events.js";
import type { Bench } from "../measure.js";
import { createOurs, createPeer, glueTriggerOn, triggerOn } from "../sources.js";

const key = createSecretKey(secret, "utf8");
const list = <Item>(count: number, make: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => make(index));
const bodies = list(2_000, (id) => sign(trackEvent(id)));
const few = bodies.slice(0, 200);

const others = list(99_999, (index) => triggerOn(`Event ${index}`, index + 1));

export const manyTriggers: Bench = {
  title: "100,000 triggers on distinct event names against 1",
  operations: bodies.length,
  cases: (
    [
      ["1 trigger", "floor"],
      ["100,000 triggers", "us"],
    ] as const
  ).map(([name, role]) => ({
    name,
    role,
    prepare: async () => {
      const handle = await createOurs([triggerOn("Comment Created", 0), ...(role === "us" ? others : [])]);
      return async () => {
        for (const body of bodies) await handle(body);
      };
    },
  })),
  goals: { floors: 1.1 },
  rounds: 9,
};

export const hundredMatching: Bench = {
  title: "100 triggers that all match one event",
  operations: few.length,
  cases: [
    {
      name: "HMAC and JSON.parse",
      role: "floor",
      prepare: async () => () => {
        for (const body of few) hmacAndParse(body, key);
      },
    },
    {
      name: "bellwire",
      role: "us",
      prepare: async () => {
        const handle = await createOurs(list(100, (index) => triggerOn("Comment Created", index)));
        return async () => {
          for (const body of few) await handle(body);
        };
      },
    },
    {
      name: "glue by hand",
      role: "peer",
      prepare: async () => {
        const handle = createPeer(list(100, (index) => glueTriggerOn("Comment Created", index)));
        return async () => {
          for (const body of few) await handle(body);
        };
      },
    },
  ],
  goals: { floors: 15 },
};
