import { createByHand } from "../by-hand.js";
import { freshBodies } from "../events.js";
import type { Bench } from "../measure.js";
import { createOurs, triggerOn } from "../sources.js";
import { signedCase, signedFloor } from "./signed.js";

const mentioned = Array.from({ length: 10_000 }, (_, index) => `user-${index}`);

export async function tenThousandRecipients(): Promise<Bench> {
  const operations = 20;
  const bodies = () => freshBodies(operations, { properties: { mentioned } });
  return {
    title: "10,000 recipients in one event, all of them known",
    operations,
    cases: [
      signedFloor(bodies),
      signedCase("bellwire", "us", bodies, await createOurs([triggerOn("Comment Created", 0)], mentioned)),
      signedCase("the least by hand", "peer", bodies, createByHand(1, mentioned)),
    ],
    goals: { floors: 5 },
  };
}
