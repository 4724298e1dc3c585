import { createByHand } from "../by-hand.js";
import { freshBodies, type SignedBody } from "../events.js";
import type { Bench } from "../measure.js";
import { createOurs, createPeer, fourGlueTriggers, fourTriggers } from "../sources.js";
import { signedCase, signedFloor } from "./signed.js";

const events = 3_000;

async function contestants(bodies: () => ReturnType<typeof freshBodies>): Promise<Bench["cases"]> {
  const least = createByHand(4);
  const byHand = async (body: SignedBody) => JSON.stringify(await least(body));
  return [
    signedFloor(bodies),
    signedCase("bellwire", "us", bodies, await createOurs(fourTriggers())),
    signedCase("glue", "peer", bodies, createPeer(fourGlueTriggers())),
    signedCase("the least by hand", "peer", bodies, byHand),
  ];
}

export const signedTrack = async (): Promise<Bench> => ({
  title: "one signed track event of 1.5 KB, 4 triggers, 3 recipients, memory storage, function runner",
  operations: events,
  cases: await contestants(() => freshBodies(events)),
  goals: { floors: 2, peers: { glue: 4 } },
});

export const signedBatch = async (): Promise<Bench> => ({
  title: "the same in batches of 1,000, per event",
  operations: events,
  cases: await contestants(() => freshBodies(events / 1_000, { size: 1_000 })),
  goals: { floors: 1.8 },
});
