import { createByHand } from "../by-hand.js";
import { freshBodies } from "../events.js";
import type { Bench } from "../measure.js";
import { createOurs, createPeer, glueTriggerOn, triggerOn } from "../sources.js";
import { signedCase, signedFloor } from "./signed.js";

const list = <Item>(count: number, make: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => make(index));

export async function manyTriggers(): Promise<Bench> {
  const operations = 2_000;
  const bodies = () => freshBodies(operations);
  const others = list(99_999, (index) => triggerOn(`Event ${index}`, index + 1));
  const one = triggerOn("Comment Created", 0);
  return {
    title: "100,000 triggers on distinct event names against 1",
    operations,
    cases: [
      signedCase("1 trigger", "floor", bodies, await createOurs([one])),
      signedCase("100,000 triggers", "us", bodies, await createOurs([one, ...others])),
    ],
    goals: { floors: 1.1 },
  };
}

export async function hundredMatching(): Promise<Bench> {
  const operations = 200;
  const bodies = () => freshBodies(operations);
  const ours = await createOurs(list(100, (index) => triggerOn("Comment Created", index)));
  const glue = createPeer(list(100, (index) => glueTriggerOn("Comment Created", index)));
  return {
    title: "100 triggers that all match one event",
    operations,
    cases: [
      signedFloor(bodies),
      signedCase("bellwire", "us", bodies, ours),
      signedCase("glue", "peer", bodies, glue),
      signedCase("the least by hand", "peer", bodies, createByHand(100)),
    ],
    goals: { floors: 15 },
  };
}
