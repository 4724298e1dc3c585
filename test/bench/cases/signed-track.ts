import { createSecretKey } from "node:crypto";
import { hmacAndParse, type SignedBody, secret, sign, trackEvent } from "../events.js";
import type { Bench, BenchCase } from "../measure.js";
import { createOurs, createPeer, fourGlueTriggers, fourTriggers } from "../sources.js";

const key = createSecretKey(secret, "utf8");
const list = <Item>(count: number, make: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => make(index));

async function handleEach(bodies: readonly SignedBody[], handle: (body: SignedBody) => Promise<void>): Promise<void> {
  for (const body of bodies) await handle(body);
}

/** The same bodies for every case; a source of its own for every round, since a message id counts once. */
function casesFor(bodies: readonly SignedBody[]): readonly BenchCase[] {
  return [
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
        const handle = await createOurs(fourTriggers());
        return () => handleEach(bodies, handle);
      },
    },
    {
      name: "glue by hand",
      role: "peer",
      prepare: async () => {
        const handle = createPeer(fourGlueTriggers());
        return () => handleEach(bodies, handle);
      },
    },
  ];
}

const singles = list(3_000, (id) => sign(trackEvent(id)));
const batches = list(3, (batch) => sign(list(1_000, (index) => trackEvent(batch * 1_000 + index))));

export const signedTrack: Bench = {
  title: "one signed track event of 1.5 KB, 4 triggers, 3 recipients, memory storage, function runner",
  operations: singles.length,
  cases: casesFor(singles),
  goals: { floors: 2, peers: { "glue by hand": 4 } },
};

export const signedBatch: Bench = {
  title: "the same in batches of 1,000, per event",
  operations: 3_000,
  cases: casesFor(batches),
  goals: { floors: 1.8 },
};
